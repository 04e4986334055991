//! The library side of the examples: what several of them share.
