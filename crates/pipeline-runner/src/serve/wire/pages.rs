//! Lists in pages: `maxResults` and `nextToken`.

use aws_call::serve::Refusal;

use crate::serve::input::Input;

/// Which part of a list is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::serve) struct Page {
    size: usize,
    after: Option<String>,
}

impl Page {
    /// Reads the members of a request; a page has `most` entries unless it asks for fewer.
    pub(in crate::serve) fn read(input: &Input, most: usize) -> Result<Self, Refusal> {
        let size = input.number("maxResults", 1, most)?.unwrap_or(most);
        Ok(Self { size, after: input.text("nextToken")?.map(str::to_owned) })
    }

    /// The part of the list, and the token of the rest. A token names the last entry shown, so that entries which are added
    /// in front of it meanwhile neither repeat nor hide any.
    pub(in crate::serve) fn cut<T>(
        &self,
        mut all: Vec<T>,
        id: impl Fn(&T) -> &str,
    ) -> Result<(Vec<T>, Option<String>), Refusal> {
        if let Some(after) = &self.after {
            let Some(shown) = all.iter().position(|entry| id(entry) == after) else {
                return Err(Refusal::new(
                    "InvalidNextTokenException",
                    "The next token was specified in an invalid format. Make sure that the next token you provide is \
                     the token returned by a previous call.",
                ));
            };
            all.drain(..=shown);
        }
        let more = all.len() > self.size;
        all.truncate(self.size);
        let token = all.last().filter(|_| more).map(|last| id(last).to_owned());
        Ok((all, token))
    }
}
