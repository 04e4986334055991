//! What a caller may know beyond the file.

use super::image::Image;

/// What is known about the project that builds a file; rules say more, and less by guess, the more is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Context {
    image: Option<String>,
}

impl Context {
    /// With the build image of the project, such as `aws/codebuild/standard:7.0`.
    ///
    /// An image whose runtimes are not known is as good as none.
    #[must_use]
    pub fn with_image(mut self, image: impl Into<String>) -> Self {
        self.image = Some(image.into());
        self
    }

    /// The build image, as it was given.
    #[must_use]
    pub fn image(&self) -> Option<&str> {
        self.image.as_deref()
    }

    /// Whether the runtimes of the image are known.
    #[must_use]
    pub fn is_image_known(&self) -> bool {
        self.known_image().is_some()
    }

    pub(super) fn known_image(&self) -> Option<&'static Image> {
        Image::of(self.image.as_deref()?)
    }
}
