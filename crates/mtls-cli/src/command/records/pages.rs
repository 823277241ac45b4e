//! Lists that the store gives page by page.

use pki_store::{Page, StoreError};

/// All of a list from `page` on. `id` says behind what the next page begins.
pub(crate) async fn all_pages<T>(
    mut page: Page,
    id: impl Fn(&T) -> i64,
    read: impl AsyncFn(Page) -> Result<Vec<T>, StoreError>,
) -> Result<Vec<T>, StoreError> {
    let mut all = Vec::new();
    loop {
        let next = read(page).await?;
        let Some(last) = next.last() else {
            return Ok(all);
        };
        page.after = id(last);
        all.extend(next);
    }
}
