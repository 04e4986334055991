//! The task sizes that Fargate offers: which memory goes with which number of CPU units.
//!
//! Source: the Fargate table of the ECS developer guide and of `RegisterTaskDefinition`; the row of 32 vCPU is the newest.

/// One row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// CPU units; 1024 are one vCPU.
    pub cpu: u32,
    /// The amounts of memory in MiB that go with it.
    pub memory: Memory,
}

/// Amounts of memory in MiB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Memory {
    /// Exactly these.
    OneOf(&'static [u32]),
    /// From the first to the second in steps of the third.
    Steps(u32, u32, u32),
}

/// The table, by CPU units.
pub static SIZES: &[Size] = &[
    Size { cpu: 256, memory: Memory::OneOf(&[512, 1024, 2048]) },
    Size { cpu: 512, memory: Memory::Steps(1024, 4096, 1024) },
    Size { cpu: 1024, memory: Memory::Steps(2048, 8192, 1024) },
    Size { cpu: 2048, memory: Memory::Steps(4096, 16_384, 1024) },
    Size { cpu: 4096, memory: Memory::Steps(8192, 30_720, 1024) },
    Size { cpu: 8192, memory: Memory::Steps(16_384, 61_440, 4096) },
    Size { cpu: 16_384, memory: Memory::Steps(32_768, 122_880, 8192) },
    Size { cpu: 32_768, memory: Memory::OneOf(&[61_440, 122_880, 249_856]) },
];

/// The CPU units that Windows tasks may have on Fargate.
pub const WINDOWS_CPU: &[u32] = &[1024, 2048, 4096];

impl Memory {
    /// Whether this amount of MiB is offered.
    #[must_use]
    pub fn offers(&self, mib: u32) -> bool {
        match *self {
            Self::OneOf(amounts) => amounts.contains(&mib),
            Self::Steps(from, to, step) => (from..=to).contains(&mib) && (mib - from).is_multiple_of(step),
        }
    }

    /// The amounts in words: `512, 1024 or 2048`, `4096 to 16384 in steps of 1024`.
    #[must_use]
    pub fn in_words(&self) -> String {
        match *self {
            Self::OneOf(amounts) => match amounts.split_last() {
                Some((last, rest)) if !rest.is_empty() => {
                    let rest: Vec<String> = rest.iter().map(ToString::to_string).collect();
                    format!("{} or {last}", rest.join(", "))
                }
                _ => amounts.iter().map(ToString::to_string).collect(),
            },
            Self::Steps(from, to, step) => format!("{from} to {to} in steps of {step}"),
        }
    }

    /// The least amount that is at least `mib`.
    #[must_use]
    pub fn at_least(&self, mib: u32) -> Option<u32> {
        match *self {
            Self::OneOf(amounts) => amounts.iter().copied().find(|&amount| amount >= mib),
            Self::Steps(from, to, step) => {
                let amount = from + mib.saturating_sub(from).div_ceil(step) * step;
                (amount <= to).then_some(amount)
            }
        }
    }
}

/// The row for a number of CPU units.
#[must_use]
pub fn size(cpu: u32) -> Option<&'static Size> {
    SIZES.iter().find(|size| size.cpu == cpu)
}

/// Whether Fargate runs tasks of this size.
#[must_use]
pub fn offers(cpu: u32, memory: u32) -> bool {
    size(cpu).is_some_and(|size| size.memory.offers(memory))
}
