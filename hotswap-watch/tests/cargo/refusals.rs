//! What a builder cannot start with.

use std::fs;

use hotswap_watch::cargo::{Builder, CargoError, Request};

use crate::scratch::{Scratch, workspace};

#[track_caller]
fn refused(request: Request) -> CargoError {
    Builder::start(request, |_| {}).unwrap_err()
}

#[test]
fn each_mistake_has_its_error() {
    let scratch = Scratch::new();
    let request = || scratch.request();
    let error = refused(request().with_cargo("/no/such/cargo"));
    assert!(matches!(error, CargoError::NoCargo { .. }), "{error:?}");
    assert!(error.to_string().starts_with("/no/such/cargo was not found: install it"), "{error}");

    let error = refused(request().with_package("arcde"));
    assert!(error.to_string().contains("did you mean arcade?; there are: arcade, helper"));

    let error = refused(request().with_package("helper"));
    assert!(error.to_string().contains("package helper has no library of type cdylib"), "{error}");

    let error = refused(Request::new(scratch.at("")));
    assert!(matches!(error, CargoError::NoPackage), "{error:?}");

    let error = refused(Request::new(scratch.at("no such folder")).with_package("arcade"));
    assert!(matches!(error, CargoError::NoFolder { .. }), "{error:?}");

    fs::create_dir(scratch.at("../empty")).unwrap();
    let error = refused(Request::new(scratch.at("../empty")).with_package("arcade"));
    assert!(matches!(error, CargoError::NoWorkspace { .. }), "{error:?}");

    scratch.write("Cargo.toml", &workspace(&["arcade", "missing"], ""));
    let error = refused(request());
    assert!(matches!(error, CargoError::Refused { .. }), "{error:?}");
    assert!(error.to_string().contains("missing"), "{error}");

    fs::write(scratch.at("not cargo"), "x").unwrap();
    let error = refused(request().with_cargo(scratch.at("not cargo")));
    assert!(matches!(error, CargoError::Cargo { .. }), "{error:?}");
}
