//! Mistakes, and what the compiler says of them.

#[test]
fn mistakes_are_shown_on_the_users_token_with_a_hint() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
