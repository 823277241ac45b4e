//! What all pages have in common.

use askama::Template;

/// The only style sheet, in each page rather than beside it: a page on disk has to be whole by itself.
pub(crate) const STYLE: &str = include_str!("../templates/style.css");

#[derive(Template)]
#[template(path = "document.html")]
struct Document<'a> {
    title: &'a str,
    /// From `<body>` to `</body>`, as HTML.
    body: &'a str,
}

/// A whole HTML document in the style of the pages here. `body` is HTML from `<body>` to `</body>`, in which every
/// text is escaped already; `title` is text.
#[must_use]
pub fn document(title: &str, body: &str) -> String {
    Document { title, body }.to_string()
}
