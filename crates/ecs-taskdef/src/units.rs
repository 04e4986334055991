//! CPU and memory of a task as people write them: `256`, `"1 vCPU"`, `"0.5GB"`.
//!
//! ECS turns all of them into whole CPU units and MiB, written as strings, so `"1 vCPU"` and `"1024"` are equal.

/// CPU units: `1024`, `"1 vCPU"`, `".25 vCPU"`.
#[must_use]
pub fn cpu(text: &str) -> Option<u32> {
    number(text, &["vcpu"], 1024)
}

/// MiB: `512`, `"1GB"`, `"0.5 GB"`.
#[must_use]
pub fn memory(text: &str) -> Option<u32> {
    number(text, &["gb"], 1024)
}

fn number(text: &str, units: &[&str], factor: u32) -> Option<u32> {
    let lower = text.trim().to_ascii_lowercase();
    for unit in units {
        if let Some(rest) = lower.strip_suffix(unit) {
            return thousandths(rest.trim_end()).and_then(|value| {
                let product = value * u64::from(factor);
                // `.3 vCPU` is 307.2 units: not a whole number, so nothing that ECS could mean.
                product.is_multiple_of(1000).then(|| u32::try_from(product / 1000).ok()).flatten()
            });
        }
    }
    let digits = !lower.is_empty() && lower.bytes().all(|byte| byte.is_ascii_digit());
    if digits { lower.parse().ok() } else { None }
}

/// A decimal with at most three places after the point, times one thousand: exact, where a float is not.
fn thousandths(text: &str) -> Option<u64> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if (whole.is_empty() && part.is_empty()) || whole.len() > 9 || part.len() > 3 || !digits(whole) || !digits(part) {
        return None;
    }
    let whole: u64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let part: u64 = if part.is_empty() { 0 } else { format!("{part:0<3}").parse().ok()? };
    Some(whole * 1000 + part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpu_units() {
        for (text, units) in [
            ("256", Some(256)),
            ("1 vCPU", Some(1024)),
            (".25 vCPU", Some(256)),
            ("1vcpu", Some(1024)),
            ("0.5 vCPU", Some(512)),
            ("4.0 VCPU", Some(4096)),
            ("", None),
            (".", None),
            (". vCPU", None),
            ("vCPU", None),
            ("1.5", None),
            ("-1", None),
            (".3 vCPU", None),
            ("1 GB", None),
            ("${CPU}", None),
            ("99999999999", None),
        ] {
            assert_eq!(cpu(text), units, "{text}");
        }
    }

    #[test]
    fn mebibytes() {
        for (text, mib) in [
            ("512", Some(512)),
            ("1GB", Some(1024)),
            ("1 GB", Some(1024)),
            ("0.5GB", Some(512)),
            ("30 gb", Some(30_720)),
            ("512 MB", None),
            ("one", None),
        ] {
            assert_eq!(memory(text), mib, "{text}");
        }
    }
}
