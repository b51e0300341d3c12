//! Our own attributes of arguments, and what none of ours may be.

use syn::{Attribute, FnArg, Meta, Token, punctuated::Punctuated};

use crate::error::Errors;

/// What an argument is marked as.
#[derive(Default)]
pub(super) struct Marks {
    pub(super) same_build: bool,
    /// `#[portable(serde)]`.
    pub(super) by_serde: bool,
}

/// Takes our own attributes off an argument.
pub(super) fn of_argument(input: &mut FnArg, errors: &mut Errors) -> Marks {
    let (attrs, is_receiver) = match input {
        FnArg::Receiver(receiver) => (&mut receiver.attrs, true),
        FnArg::Typed(argument) => (&mut argument.attrs, false),
    };
    let mut marks = Marks::default();
    attrs.retain(|attr| {
        if attr.path().is_ident("same_build") {
            if !matches!(attr.meta, Meta::Path(_)) {
                errors.at(attr, "#[same_build] takes nothing", "write `#[same_build]`");
            } else if is_receiver {
                errors.at(
                    attr,
                    "#[same_build] marks what is lent, not the instance",
                    "put it on an argument: `#[same_build] world: &mut World`",
                );
            } else if marks.same_build {
                errors.at(attr, "#[same_build] is given twice", "keep one");
            }
            marks.same_build = true;
        } else if attr.path().is_ident("portable") {
            serde(attr, errors);
            if is_receiver {
                errors.at(
                    attr,
                    "#[portable(serde)] marks a value, not the instance",
                    "put it on an argument, or on the method for its result",
                );
            } else if marks.by_serde {
                errors.at(attr, "#[portable(serde)] is given twice", "keep one");
            }
            marks.by_serde = true;
        } else {
            return !is_conditional(
                attr,
                "an argument is part of the interface in every build, or in none",
                "make it a method of its own",
                errors,
            );
        }
        if marks.same_build && marks.by_serde {
            errors.at(
                attr,
                "what is lent to the same build does not cross by serde",
                "keep one of the two",
            );
        }
        false
    });
    marks
}

/// Notes a `#[portable(…)]` on an argument or a method that is not `#[portable(serde)]`.
pub(super) fn serde(attr: &Attribute, errors: &mut Errors) {
    let is_serde = attr.parse_args::<syn::Path>().is_ok_and(|path| path.is_ident("serde"));
    if !is_serde {
        errors.at(
            attr,
            "an argument, or a method for its result, takes `#[portable(serde)]`",
            "for `#[portable(with = …)]` put the value into a struct of your own, and mark the field",
        );
    }
}

/// Whether an attribute would change the interface from build to build, which is a mistake: the
/// compiler looks at a `#[cfg]` after this macro. It says so.
pub(super) fn is_conditional(
    attr: &Attribute,
    what: &str,
    hint: &str,
    errors: &mut Errors,
) -> bool {
    const OURS: [&str; 7] =
        ["cfg", "since", "fold", "expected", "not_replayed", "portable", "same_build"];
    let found = attr.path().is_ident("cfg")
        || attr.path().is_ident("cfg_attr")
            && attr.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated).is_ok_and(
                |all| all.iter().skip(1).any(|it| OURS.iter().any(|o| it.path().is_ident(o))),
            );
    if found {
        errors.at(attr, what, hint);
    }
    found
}
