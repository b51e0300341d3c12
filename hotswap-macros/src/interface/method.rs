//! One method's tokens → [`Method`].

use syn::{
    Attribute, FnArg, Lifetime, LitStr, Meta, Pat, Receiver, Signature, Token, TraitItemFn, Type,
    TypeReference, parse_quote,
    punctuated::Punctuated,
    visit::Visit,
    visit_mut::{self, VisitMut},
};

use super::{
    argument,
    model::{Argument, Method, Since},
};
use crate::error::Errors;

/// Reads a method, and takes our own attributes off it; `None` if it has mistakes.
pub(super) fn method(function: &mut TraitItemFn, errors: &mut Errors) -> Option<Method> {
    let before = errors.count();
    let Attributes { since, fold, expected, not_replayed } =
        attributes(&mut function.attrs, errors);
    let marked: Vec<bool> =
        function.sig.inputs.iter_mut().map(|input| same_build(input, errors)).collect();
    let mut signature = function.sig.clone();
    qualifiers(&signature, errors);
    // The lifetimes were refused where they are declared.
    let declared = signature.generics.lifetimes().map(|it| it.lifetime.clone()).collect();
    Elide(declared).visit_signature_mut(&mut signature);
    let signature = &signature;
    let exclusive = receiver(signature, errors);
    let mut args = Vec::new();
    for (input, marked) in signature.inputs.iter().zip(marked) {
        let FnArg::Typed(input) = input else { continue };
        let mode = if marked {
            argument::same_build(&input.ty, errors)
        } else {
            argument::mode(&input.ty, false, errors)
        };
        let ident = match &*input.pat {
            Pat::Ident(pat) if pat.by_ref.is_none() && pat.subpat.is_none() => pat.ident.clone(),
            pat => {
                errors.at(
                    pat,
                    "an argument needs a name: it is part of the interface's description",
                    "name it, and take it apart in the body",
                );
                continue;
            }
        };
        if let Some(mode) = mode {
            args.push(Argument { ident, ty: (*input.ty).clone(), mode });
        }
    }
    let result: Type = argument::result(&signature.output, errors);
    let docs = function.attrs.iter().filter(|attr| is_for_callers(attr)).cloned().collect();
    (errors.count() == before).then(|| Method {
        ident: signature.ident.clone(),
        docs,
        exclusive,
        args,
        result,
        default: function.default.clone(),
        since,
        fold,
        expected,
        not_replayed,
    })
}

/// Takes `#[same_build]` off an argument; says whether it was there.
fn same_build(input: &mut FnArg, errors: &mut Errors) -> bool {
    let (attrs, is_receiver) = match input {
        FnArg::Receiver(receiver) => (&mut receiver.attrs, true),
        FnArg::Typed(argument) => (&mut argument.attrs, false),
    };
    let mut found = false;
    attrs.retain(|attr| {
        if !attr.path().is_ident("same_build") {
            return !is_conditional(
                attr,
                "an argument is part of the interface in every build, or in none",
                "make it a method of its own",
                errors,
            );
        }
        if !matches!(attr.meta, Meta::Path(_)) {
            errors.at(attr, "#[same_build] takes nothing", "write `#[same_build]`");
        } else if is_receiver {
            errors.at(
                attr,
                "#[same_build] marks what is lent, not the instance",
                "put it on an argument: `#[same_build] world: &mut World`",
            );
        } else if found {
            errors.at(attr, "#[same_build] is given twice", "keep one");
        }
        found = true;
        false
    });
    found
}

/// Leaves lifetimes away.
struct Elide(Vec<Lifetime>);

impl VisitMut for Elide {
    fn visit_receiver_mut(&mut self, receiver: &mut Receiver) {
        if let Some((_, lifetime)) = &mut receiver.reference {
            lifetime.take_if(|lifetime| self.0.contains(lifetime));
        }
    }

    fn visit_type_reference_mut(&mut self, reference: &mut TypeReference) {
        reference.lifetime.take_if(|lifetime| self.0.contains(lifetime));
        visit_mut::visit_type_reference_mut(self, reference);
    }
}

/// Our own attributes of a method.
#[derive(Default)]
struct Attributes {
    since: Vec<Since>,
    fold: Vec<Attribute>,
    expected: Vec<Attribute>,
    not_replayed: Vec<Attribute>,
}

/// Takes our own attributes off a method.
fn attributes(attrs: &mut Vec<Attribute>, errors: &mut Errors) -> Attributes {
    let mut ours = Attributes::default();
    attrs.retain(|attr| {
        if attr.path().is_ident("since") {
            match attr.parse_args::<LitStr>() {
                Ok(version) => ours.since.push(Since { attr: attr.clone(), version }),
                Err(_) => errors.at(
                    attr,
                    "#[since] takes the version in which the method was added",
                    "`#[since(\"1.1.0\")]`",
                ),
            }
            return false;
        }
        for (name, found) in [
            ("fold", &mut ours.fold),
            ("expected", &mut ours.expected),
            ("not_replayed", &mut ours.not_replayed),
        ] {
            if attr.path().is_ident(name) {
                if !matches!(attr.meta, Meta::Path(_)) {
                    let what = format!("#[{name}] takes nothing");
                    errors.at(attr, what, format!("write `#[{name}]`"));
                }
                found.push(attr.clone());
                return false;
            }
        }
        !is_conditional(
            attr,
            "a method is part of the interface in every build, or in none",
            "move it to an interface of its own, and put the `#[cfg]` there",
            errors,
        )
    });
    ours
}

/// Whether an attribute would change the interface from build to build, which is a mistake: the
/// compiler looks at a `#[cfg]` after this macro. It says so.
fn is_conditional(attr: &Attribute, what: &str, hint: &str, errors: &mut Errors) -> bool {
    const OURS: [&str; 6] = ["cfg", "since", "fold", "expected", "not_replayed", "same_build"];
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

fn qualifiers(signature: &Signature, errors: &mut Errors) {
    if let Some(token) = &signature.asyncness {
        errors.at(
            token,
            "a future would outlive the call, and with it its library's code",
            "return at once and lend a closure, or poll: `fn poll(&mut self) -> Option<T>`",
        );
    }
    if let Some(token) = &signature.unsafety {
        errors.at(token, "a method of an interface is safe to call", "leave `unsafe` away");
    }
    if let Some(token) = &signature.constness {
        errors.at(token, "a method of an interface is not const", "leave `const` away");
    }
    if let Some(token) = &signature.abi {
        errors.at(token, "the calling convention is hotswap's business", "leave it away");
    }
    if !signature.generics.params.is_empty() {
        errors.at(
            &signature.generics,
            "a method of an interface has no parameters: both sides must know every type",
            "name the types; a borrowed argument needs no lifetime",
        );
    }
    where_clause(signature.generics.where_clause.as_ref(), errors);
}

/// Checks the receiver; says whether it is `&mut self`.
fn receiver(signature: &Signature, errors: &mut Errors) -> bool {
    const HINT: &str = "take `&self` or `&mut self`";
    match signature.inputs.first() {
        Some(FnArg::Receiver(receiver)) => {
            let Receiver { reference, mutability, colon_token, .. } = receiver;
            match reference {
                _ if colon_token.is_some() => {
                    errors.at(receiver, "a method borrows the instance, which the host owns", HINT);
                }
                None => {
                    errors.at(receiver, "a method borrows the instance, which the host owns", HINT);
                }
                Some((_, Some(lifetime))) => errors.at(
                    lifetime,
                    "an instance is borrowed for the call, and for nothing longer",
                    "leave the lifetime away",
                ),
                Some(_) => {}
            }
            mutability.is_some()
        }
        _ => {
            let name = &signature.ident;
            errors.at(name, format!("`{name}` has no receiver: a call goes to an instance"), HINT);
            false
        }
    }
}

/// Turns a method with mistakes into one that hurts nobody else; says whether that worked.
pub(super) fn stub(function: &mut TraitItemFn) -> bool {
    let mut search = HasImpl(false);
    search.visit_return_type(&function.sig.output);
    if search.0 {
        return false;
    }
    let signature = &mut function.sig;
    signature.constness = None;
    signature.generics.make_where_clause().predicates.push(parse_quote! { Self: Sized });
    function.attrs.push(parse_quote! { #[allow(unused, reason = "it has mistakes")] });
    function.default = Some(parse_quote! {{ ::core::unreachable!() }});
    function.semi_token = None;
    true
}

struct HasImpl(bool);

impl Visit<'_> for HasImpl {
    fn visit_type_impl_trait(&mut self, _: &syn::TypeImplTrait) {
        self.0 = true;
    }
}

/// What is said of the method to those who call it.
fn is_for_callers(attr: &Attribute) -> bool {
    attr.path().is_ident("doc") || attr.path().is_ident("deprecated")
}

/// Notes what a `where` asks for.
pub(super) fn where_clause(clause: Option<&syn::WhereClause>, errors: &mut Errors) {
    if let Some(clause) = clause {
        errors.at(clause, "an interface has no where clauses", "leave it away");
    }
}
