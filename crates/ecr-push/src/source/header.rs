//! One header of a tar: ustar, GNU and pax, as far as archives of images use them.

/// The unit of a tar.
pub(super) const BLOCK: u64 = 512;

/// What a header says.
#[derive(Debug)]
pub(crate) struct Header {
    pub(crate) name: String,
    pub(crate) link: String,
    pub(crate) size: u64,
    pub(crate) mode: u32,
    pub(crate) kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    File,
    HardLink,
    Symlink,
    /// Its content says more about the next member.
    Extension(Extension),
    Directory,
    /// Devices, pipes and whatever else holds no bytes.
    Other,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extension {
    GnuName,
    GnuLink,
    Pax,
    /// Says nothing that is used.
    PaxGlobal,
}

/// What extensions said about the next member.
#[derive(Debug, Default)]
pub(super) struct Records {
    name: Option<String>,
    link: Option<String>,
    size: Option<u64>,
}

impl Records {
    pub(super) fn take(&mut self, kind: Extension, bytes: &[u8]) -> Result<(), String> {
        match kind {
            Extension::GnuName => self.name = Some(text(bytes)?),
            Extension::GnuLink => self.link = Some(text(bytes)?),
            Extension::Pax => self.pax(bytes)?,
            Extension::PaxGlobal => {}
        }
        Ok(())
    }

    /// Records of the form `<length> <key>=<value>\n`, where the length counts itself.
    fn pax(&mut self, mut bytes: &[u8]) -> Result<(), String> {
        let broken = || "a pax record is malformed".to_owned();
        while !bytes.is_empty() && bytes[0] != 0 {
            let space = bytes.iter().position(|byte| *byte == b' ').ok_or_else(broken)?;
            let length: usize =
                std::str::from_utf8(&bytes[..space]).ok().and_then(|text| text.parse().ok()).ok_or_else(broken)?;
            let record =
                bytes.get(space + 1..length).and_then(|record| record.strip_suffix(b"\n")).ok_or_else(broken)?;
            let equals = record.iter().position(|byte| *byte == b'=').ok_or_else(broken)?;
            let (key, value) = (&record[..equals], &record[equals + 1..]);
            match key {
                b"path" => self.name = Some(text(value)?),
                b"linkpath" => self.link = Some(text(value)?),
                b"size" => self.size = Some(text(value)?.parse().map_err(|_| broken())?),
                _ if key.starts_with(b"GNU.sparse.") => return Err(sparse()),
                _ => {}
            }
            bytes = &bytes[length..];
        }
        Ok(())
    }
}

impl Header {
    pub(super) fn parse(block: &[u8], records: &Records) -> Result<Self, String> {
        let Ok(block) = <&[u8; 512]>::try_from(block) else { return Err("it ends within a header".to_owned()) };
        let said = number(&block[148..156])?;
        // The checksum counts its own field as spaces.
        let sum =
            block.iter().enumerate().map(|(at, byte)| if (148..156).contains(&at) { 32 } else { u64::from(*byte) });
        if sum.sum::<u64>() != said {
            return Err("this is no header of a tar: its checksum is wrong".to_owned());
        }
        let kind = match block[156] {
            0 | b'0' | b'7' => Kind::File,
            b'1' => Kind::HardLink,
            b'2' => Kind::Symlink,
            b'5' => Kind::Directory,
            b'L' => Kind::Extension(Extension::GnuName),
            b'K' => Kind::Extension(Extension::GnuLink),
            b'x' => Kind::Extension(Extension::Pax),
            b'g' => Kind::Extension(Extension::PaxGlobal),
            b'S' => return Err(sparse()),
            _ => Kind::Other,
        };
        let extension = matches!(kind, Kind::Extension(_));
        let mut size = number(&block[124..136])?;
        let mut name = text(&block[..100])?;
        let mut link = text(&block[157..257])?;
        if block[257..263] == *b"ustar\0" {
            let prefix = text(&block[345..500])?;
            if !prefix.is_empty() {
                name = format!("{prefix}/{name}");
            }
        }
        if !extension {
            size = records.size.unwrap_or(size);
            name = records.name.clone().unwrap_or(name);
            link = records.link.clone().unwrap_or(link);
        }
        // Links, directories and devices have no content, whatever their size says.
        if matches!(kind, Kind::HardLink | Kind::Symlink) || matches!(block[156], b'3'..=b'6') {
            size = 0;
        }
        // Old writers mark directories by the slash alone.
        let kind = if kind == Kind::File && name.ends_with('/') { Kind::Directory } else { kind };
        let mode = u32::try_from(number(&block[100..108])? & 0o7777).unwrap_or_default();
        Ok(Self { name, link, size, mode, kind })
    }
}

fn sparse() -> String {
    "it has sparse members, which no builder of images writes".to_owned()
}

/// Bytes up to the first zero.
fn text(bytes: &[u8]) -> Result<String, String> {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    String::from_utf8(bytes[..end].to_vec()).map_err(|_| "a name is not UTF-8".to_owned())
}

/// Octal digits between spaces and zeros, or, with the first bit set, a binary number.
fn number(field: &[u8]) -> Result<u64, String> {
    let wrong = || "a number of a header is malformed".to_owned();
    if field[0] & 0x80 != 0 {
        let (first, rest) = (field[0] & 0x7f, &field[1..]);
        let (high, low) = rest.split_at(rest.len().saturating_sub(8));
        if first != 0 || high.iter().any(|byte| *byte != 0) {
            return Err(wrong());
        }
        return Ok(low.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)));
    }
    let digits = field.split(|byte| *byte == 0).next().unwrap_or_default();
    let digits = std::str::from_utf8(digits).map_err(|_| wrong())?.trim_matches(' ');
    if digits.is_empty() {
        return Ok(0);
    }
    if !digits.bytes().all(|byte| (b'0'..=b'7').contains(&byte)) {
        return Err(wrong());
    }
    u64::from_str_radix(digits, 8).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        for (field, expected) in [
            (&b"0000644\0"[..], Some(0o644)),
            (b" 644 \0\0\0", Some(0o644)),
            (b"\0\0\0\0\0\0\0\0", Some(0)),
            (b"\x80\0\0\0\0\0\0\0\0\0\x01\x02", Some(258)),
            (b"\x80\x01\0\0\0\0\0\0\0\0\x01\x02", None),
            (b"\xff\xff\xff\xff\xff\xff\xff\xff", None),
            (b"0000649\0", None),
            (b"-000644\0", None),
        ] {
            assert_eq!(number(field).ok(), expected, "{field:?}");
        }
    }

    #[test]
    fn malformed_records_are_refused() {
        for bytes in
            [&b"11 path=a/b\n"[..], b"99 path=a\n", b"x path=a\n", b"10 path=ab", b"7 path\n", b"0 a=b\n", b"3 \n"]
        {
            assert!(Records::default().take(Extension::Pax, bytes).is_err(), "{bytes:?}");
        }
        let mut records = Records::default();
        records.take(Extension::Pax, b"12 path=a/b\n13 size=1234\n").unwrap();
        assert_eq!((records.name.as_deref(), records.size), (Some("a/b"), Some(1234)));
    }
}
