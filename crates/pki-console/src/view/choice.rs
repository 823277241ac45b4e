//! What a field offers.

/// An option of a select field.
pub(crate) struct Choice {
    pub(crate) value: String,
    pub(crate) title: String,
    pub(crate) is_chosen: bool,
}

impl Choice {
    /// All of `options`, value and title, of which `chosen` is the present one.
    pub(crate) fn of<V: Into<String>, T: Into<String>>(
        options: impl IntoIterator<Item = (V, T)>,
        chosen: &str,
    ) -> Vec<Self> {
        let choice = |(value, title): (V, T)| {
            let value = value.into();
            Self {
                is_chosen: value == chosen,
                title: title.into(),
                value,
            }
        };
        options.into_iter().map(choice).collect()
    }
}
