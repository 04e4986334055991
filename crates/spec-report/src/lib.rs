//! Documents with byte spans, diagnostics, rules, fixes and renderers.
