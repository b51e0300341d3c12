//! One method's tokens → [`Method`].

use syn::{
    Attribute, FnArg, Lifetime, LitStr, Meta, Pat, Receiver, Signature, TraitItemFn, TypeReference,
    parse_quote,
    visit::Visit,
    visit_mut::{self, VisitMut},
};

use super::{
    argument::{self, Value},
    marks::{self, Marks},
    model::{Argument, Method, Since},
};
use crate::error::Errors;

/// Reads a method, and takes our own attributes off it; `None` if it has mistakes.
pub(super) fn method(function: &mut TraitItemFn, errors: &mut Errors) -> Option<Method> {
    let before = errors.count();
    let Attributes { since, fold, expected, not_replayed, by_serde } =
        attributes(&mut function.attrs, errors);
    let marks: Vec<Marks> =
        function.sig.inputs.iter_mut().map(|input| marks::of_argument(input, errors)).collect();
    let mut signature = function.sig.clone();
    qualifiers(&signature, errors);
    // The lifetimes were refused where they are declared.
    let declared = signature.generics.lifetimes().map(|it| it.lifetime.clone()).collect();
    Elide(declared).visit_signature_mut(&mut signature);
    let signature = &signature;
    let exclusive = receiver(signature, errors);
    let mut args = Vec::new();
    for (input, marks) in signature.inputs.iter().zip(marks) {
        let FnArg::Typed(input) = input else { continue };
        let mode = match marks {
            Marks { same_build: true, .. } => argument::same_build(&input.ty, errors),
            Marks { by_serde: true, .. } => argument::by_serde(&input.ty, errors),
            _ => argument::mode(&input.ty, false, errors),
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
    let result = Value { ty: argument::result(&signature.output, errors), by_serde };
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
    /// The result crosses by serde.
    by_serde: bool,
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
        if attr.path().is_ident("portable") {
            marks::serde(attr, errors);
            if ours.by_serde {
                errors.at(attr, "#[portable(serde)] is given twice", "keep one");
            }
            ours.by_serde = true;
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
        !marks::is_conditional(
            attr,
            "a method is part of the interface in every build, or in none",
            "move it to an interface of its own, and put the `#[cfg]` there",
            errors,
        )
    });
    ours
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
