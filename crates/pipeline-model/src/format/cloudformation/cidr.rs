//! `Fn::Cidr`: the blocks that an address block is cut into (page "Fn::Cidr" in the CloudFormation user guide).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The most blocks that the function gives.
const MOST: usize = 256;

/// The first `count` blocks of `block` whose hosts have `bits` bits; `None` where CloudFormation refuses them.
pub(super) fn cidr(block: &str, count: usize, bits: u32) -> Option<Vec<String>> {
    let (address, prefix) = block.trim().split_once('/')?;
    let (address, prefix): (IpAddr, u32) = (address.parse().ok()?, prefix.parse().ok()?);
    let (start, width) = match address {
        IpAddr::V4(address) => (u128::from(u32::from(address)), 32),
        IpAddr::V6(address) => (u128::from(address), 128),
    };
    if count == 0 || count > MOST || prefix > width || bits == 0 || bits >= 128 || bits > width - prefix {
        return None;
    }
    let room = width - prefix - bits;
    if room < usize::BITS && count > 1_usize << room {
        return None;
    }
    // The address may lie anywhere in the block; the blocks begin where it begins.
    let start = start.checked_shr(width - prefix).and_then(|start| start.checked_shl(width - prefix)).unwrap_or(0);
    let length = width - bits;
    let blocks = (0..count as u128).map(|at| {
        let first = start + (at << bits);
        match address {
            // The sum stays within the block, so within 32 bits.
            IpAddr::V4(_) => format!("{}/{length}", Ipv4Addr::from(first as u32)),
            IpAddr::V6(_) => format!("{}/{length}", Ipv6Addr::from(first)),
        }
    });
    Some(blocks.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_follow_one_another() {
        let table: [(&str, usize, u32, &[&str]); 4] = [
            ("192.168.0.0/24", 3, 5, &["192.168.0.0/27", "192.168.0.32/27", "192.168.0.64/27"]),
            ("10.0.7.9/16", 2, 8, &["10.0.0.0/24", "10.0.1.0/24"]),
            ("0.0.0.0/0", 2, 31, &["0.0.0.0/1", "128.0.0.0/1"]),
            ("2001:db8::/56", 2, 64, &["2001:db8::/64", "2001:db8:0:1::/64"]),
        ];
        for (block, count, bits, blocks) in table {
            assert_eq!(cidr(block, count, bits).unwrap(), blocks, "{block}");
        }
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        for (block, count, bits) in [
            ("10.0.0.0/24", 2, 8),
            ("10.0.0.0/24", 0, 4),
            ("10.0.0.0/33", 1, 1),
            ("10.0.0.0", 1, 4),
            ("x/8", 1, 4),
            ("::/0", 257, 64),
            ("::/0", 1, 128),
        ] {
            assert_eq!(cidr(block, count, bits), None, "{block} {count} {bits}");
        }
    }
}
