//! Trailers, which are headers that come last: they claim nothing either.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use axum::http::HeaderMap;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

pin_project! {
    /// A body whose trailers are changed by `strip` before anybody sees them.
    pub(crate) struct StrippedTrailers<B, F> {
        #[pin]
        body: B,
        strip: F,
    }
}

impl<B, F> StrippedTrailers<B, F> {
    pub(crate) fn new(body: B, strip: F) -> Self {
        Self { body, strip }
    }
}

impl<B: Body, F: FnMut(&mut HeaderMap)> Body for StrippedTrailers<B, F> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let this = self.project();
        let mut frame = this.body.poll_frame(context);
        if let Poll::Ready(Some(Ok(frame))) = &mut frame
            && let Some(trailers) = frame.trailers_mut()
        {
            (this.strip)(trailers);
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Bytes;
    use http_body_util::{Empty, Full};

    use super::*;

    #[test]
    fn a_body_is_as_long_as_it_was() {
        let strip = |_: &mut HeaderMap| {};
        let empty = StrippedTrailers::new(Empty::<Bytes>::new(), strip);
        assert!(empty.is_end_stream());
        let full = StrippedTrailers::new(Full::new(Bytes::from_static(b"abc")), strip);
        assert!(!full.is_end_stream());
        assert_eq!(full.size_hint().exact(), Some(3));
    }
}
