//! `docs/interop.md`: the tables in it are measured, and the prose around them is left alone.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use suite::Peers;

use super::Report;

/// Writes the tables of the groups that ran into `page`, and leaves those of the others.
pub(crate) fn write(page: &Path, peers: &Peers, report: &Report) -> Result<()> {
    let old = fs::read_to_string(page).with_context(|| format!("reading {}", page.display()))?;
    let new = with_tables(&old, &peers.versions(), &report.tables());
    let new = new.with_context(|| {
        format!(
            "{} has no {BEGIN} and {END} to write between",
            page.display()
        )
    })?;
    fs::write(page, new).with_context(|| format!("writing {}", page.display()))
}

/// `page` with these tables in place of those with the same titles; a new one comes last. Of the versions, those of peers
/// that the page does not name are added: the others are what the tables that stay were measured with.
fn with_tables(
    page: &str,
    versions: &[(&str, String)],
    tables: &[(String, String)],
) -> Option<String> {
    let (before, rest) = page.split_once(BEGIN)?;
    let (measured, after) = rest.split_once(END)?;
    let mut parts = measured.split("\n### ");
    let with = parts.next().unwrap_or_default().trim();
    let mut sections: Vec<_> = parts
        .filter_map(|part| part.split_once('\n'))
        .map(|(title, table)| (title.trim().to_owned(), table.trim().to_owned()))
        .collect();
    let all_are_new = sections
        .iter()
        .all(|(title, _)| tables.iter().any(|(new, _)| new == title));
    for (title, table) in tables {
        let table = table.trim().to_owned();
        match sections.iter_mut().find(|(old, _)| old == title) {
            Some((_, old)) => *old = table,
            None => sections.push((title.clone(), table)),
        }
    }
    let mut named: Vec<_> = match all_are_new {
        true => Vec::new(),
        false => {
            let list = with.trim_start_matches("With ").trim_end_matches('.');
            let named = list.split(", ").filter(|it| !it.is_empty());
            named.map(str::to_owned).collect()
        }
    };
    for (peer, version) in versions {
        let begin = format!("{peer} ");
        if !named.iter().any(|it| it.starts_with(&begin)) {
            named.push(format!("{begin}{version}"));
        }
    }
    let mut text = format!("With {}.\n", named.join(", "));
    for (title, table) in sections {
        text.push_str(&format!("\n### {title}\n\n{table}\n"));
    }
    Some(format!("{before}{BEGIN}\n\n{text}\n{END}{after}"))
}

const BEGIN: &str = "<!-- measured -->";
const END: &str = "<!-- /measured -->";

#[cfg(test)]
mod tests {
    use super::with_tables;

    fn tables(all: &[(&str, &str)]) -> Vec<(String, String)> {
        let tables = all.iter().map(|(title, table)| (*title, *table));
        tables
            .map(|(title, table)| (title.to_owned(), table.to_owned()))
            .collect()
    }

    #[test]
    fn only_the_tables_of_what_ran_are_replaced() {
        let page = "prose\n<!-- measured -->\n\nWith a 1.\n\n### A\n\n| old a |\n\n### B\n\n| old b |\n\n\
                    <!-- /measured -->\nmore\n";
        let versions = [("a", "2".to_owned()), ("b", "1".to_owned())];
        let new = with_tables(
            page,
            &versions,
            &tables(&[("B", "| new b |\n"), ("C", "| c |\n")]),
        );
        let wanted = "prose\n<!-- measured -->\n\nWith a 1, b 1.\n\n### A\n\n| old a |\n\n### B\n\n| new b |\n\n\
                      ### C\n\n| c |\n\n<!-- /measured -->\nmore\n";
        assert_eq!(new.as_deref(), Some(wanted));
        // Once more, nothing changes.
        let again = with_tables(wanted, &versions, &tables(&[("C", "| c |\n")]));
        assert_eq!(again.as_deref(), Some(wanted));
        // Where all ran, all versions are the present ones.
        let all = tables(&[("A", "1"), ("B", "2"), ("C", "3")]);
        let all = with_tables(wanted, &versions, &all).unwrap_or_default();
        assert!(all.contains("With a 2, b 1."), "{all}");
        assert_eq!(
            with_tables("prose\n<!-- measured -->\nold\n", &[], &[]),
            None
        );
    }
}
