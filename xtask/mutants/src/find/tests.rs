//! What is found, and what the text is then.

use super::*;

fn found(text: &str) -> (Vec<String>, Edits) {
    let mut all = Vec::new();
    let edits = changes("a.rs", text, &mut all).expect("it can be read");
    (all.into_iter().map(|it| it.what).collect(), edits)
}

fn is_rust(text: &str) {
    assert!(syn::parse_file(text).is_ok(), "{text}");
}

#[test]
fn each_side_of_a_condition_is_taken_out() {
    let text = "fn f(a: u8, b: bool) { if a < 3 && (b || !g()) { h(); } }";
    let (what, edits) = found(text);
    assert_eq!(
        what,
        [
            "f: return at once",
            "f: `a < 3 && (b || !g())` is false",
            "f: `a < 3` is true",
            "f: `b || !g()` is true",
            "f: `b` is false",
            "f: `!g()` is false",
            "f: `<=` in `a < 3`",
            "f: without `h();`",
        ]
    );
    let changed = edits.apply(text, |id| id == 2);
    assert!(
        changed.contains("if ((a < 3) || crate::mutant::on(2)) &&"),
        "{changed}"
    );
    let changed = edits.apply(text, |id| id == 6);
    let boundary =
        "(match (&(a ), &( 3)) { (l, r) => if crate::mutant::on(6) { l <= r } else { l < r } })";
    assert!(changed.contains(boundary), "{changed}");
    is_rust(&edits.apply(text, |_| true));
}

#[test]
fn what_has_a_let_in_it_is_never_true_and_stays_without_brackets() {
    let text = "fn f() -> Option<u8> { if let Some(a) = g() && a == 1 { return h(a); } None }";
    let (what, edits) = found(text);
    assert_eq!(
        what,
        [
            "f: return None at once",
            "f: `let Some(a) = g() && a == 1` is false",
            "f: `a == 1` is true",
        ]
    );
    let all = edits.apply(text, |_| true);
    let condition =
        "if let Some(a) = g() && ((a == 1) || crate::mutant::on(2)) && !crate::mutant::on(1) {";
    assert!(all.contains(condition), "{all}");
    is_rust(&all);
}

#[test]
fn statements_results_guards_and_closures_are_found() {
    let text = "impl A { fn f(&mut self) -> Result<(), E> {
        let b: bool; b = true; self.c = b; self.n += 1; check(self.n)?; wait().await;
        match self.n { n if n > 2 => {} _ => {} }
        let all = list.iter().filter(|it| it.ok).count();
        let some = list.iter().any(|it| *it == 1);
        Ok(()) } }";
    let (what, edits) = found(text);
    assert_eq!(
        what,
        [
            "A::f: return Ok(()) at once",
            "A::f: without `self.c = b;`",
            "A::f: without `self.n += 1;`",
            "A::f: without `check(self.n)?;`",
            "A::f: without `wait().await;`",
            "A::f: `n > 2` is true",
            "A::f: `n > 2` is false",
            "A::f: `>=` in `n > 2`",
            "A::f: `it.ok` is true",
            "A::f: `it.ok` is false",
            "A::f: `list.iter().any(|it| *it == 1)` is true",
            "A::f: `list.iter().any(|it| *it == 1)` is false",
            "A::f: `*it == 1` is true",
            "A::f: `*it == 1` is false",
        ]
    );
    is_rust(&edits.apply(text, |_| true));
}

#[test]
fn what_is_printed_tested_evaluated_by_the_compiler_or_no_bool_stays() {
    for text in [
        "impl fmt::Display for A { fn fmt(&self) -> R { if self.a == 1 { b(); } c } }",
        "#[cfg(test)] mod tests { fn f() { if a == 1 { b(); } } }",
        "#[test] fn f() { if a == 1 { b(); } }",
        "const A: bool = 1 == 2; const fn f() -> bool { A == true }",
        "fn f() -> u8 { let a = connections.all(); 1 }",
        "fn f() -> u8 { let a: [u8; (1 == 2) as usize] = [0; (1 < 2) as usize]; 1 }",
    ] {
        assert_eq!(found(text).0, [""; 0], "{text}");
    }
}

#[test]
fn changes_that_say_the_same_are_counted() {
    let (what, _) = found("fn f() -> u8 { a(); b(); a(); 1 } mod m { fn f() -> u8 { a(); 1 } }");
    let without = [
        "f: without `a();`",
        "f: without `b();`",
        "f: without `a();`, 2",
    ];
    assert_eq!(what[..3], without);
    assert_eq!(what[3..], ["f: without `a();`, 3"]);
}
