//! What a host's program cannot do with its handles: each case is one mistake, and what it would do
//! if it compiled. Those of interfaces and modules are in `hotswap-macros/tests/ui`.

#[test]
fn mistakes_do_not_compile() {
    trybuild::TestCases::new().compile_fail("tests/misuse/*.rs");
}
