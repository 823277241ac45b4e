//! Lists of which a page shows a part.

/// Of `found`, which may be one more than a page has, those of the page. The last of them if the list goes on.
pub(crate) fn part<T>(found: &mut Vec<T>, rows: u32) -> Option<&T> {
    let goes_on = found.len() > rows as usize;
    found.truncate(rows as usize);
    found.last().filter(|_| goes_on)
}

#[cfg(test)]
mod tests {
    use super::part;

    #[test]
    fn a_list_goes_on_behind_the_last_of_a_page() {
        for (found, last) in [(0, None), (2, None), (3, Some(1))] {
            let mut found: Vec<_> = (0..found).collect();
            assert_eq!(part(&mut found, 2).copied(), last);
            assert!(found.len() <= 2);
        }
    }
}
