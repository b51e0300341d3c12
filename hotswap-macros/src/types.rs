//! Types that stand for values: what can never cross is refused on its token.

use syn::{
    GenericArgument, PathArguments, Type,
    visit::{self, Visit},
};

use crate::error::Errors;

/// A type without the groups that `macro_rules` and parentheses put around it.
pub(crate) fn bare(ty: &Type) -> &Type {
    match ty {
        Type::Group(group) => bare(&group.elem),
        Type::Paren(paren) => bare(&paren.elem),
        ty => ty,
    }
}

/// The last name of a path type: `String` for `std::string::String`.
pub(crate) fn last_name(ty: &Type) -> Option<String> {
    match bare(ty) {
        Type::Path(path) => Some(path.path.segments.last()?.ident.to_string()),
        _ => None,
    }
}

/// The first type argument of a path type, as text.
pub(crate) fn first_argument(ty: &Type) -> Option<String> {
    let Type::Path(path) = bare(ty) else { return None };
    let PathArguments::AngleBracketed(list) = &path.path.segments.last()?.arguments else {
        return None;
    };
    list.args.iter().find_map(|arg| match arg {
        GenericArgument::Type(ty) => Some(crate::names::text(ty)),
        _ => None,
    })
}

/// Whether a type mentions one of these names as the first word of a path.
pub(crate) fn mentions(ty: &Type, names: &[String]) -> bool {
    struct Mentions<'a>(&'a [String], bool);
    impl Visit<'_> for Mentions<'_> {
        fn visit_path(&mut self, path: &syn::Path) {
            if let Some(first) = path.segments.first()
                && self.0.iter().any(|name| first.ident == name)
            {
                self.1 = true;
            }
            visit::visit_path(self, path);
        }
    }
    let mut search = Mentions(names, false);
    search.visit_type(ty);
    search.1
}

/// Where a type stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// An argument, a result, or a part of one.
    Signature,
    /// A field of a type that crosses.
    Field,
    /// A field of plain data.
    Plain,
}

/// Notes everything in a type that cannot be part of a value that crosses.
pub(crate) fn check_value(ty: &Type, role: Role, errors: &mut Errors) {
    if role != Role::Field {
        check_written(ty, errors);
    }
    Check { role, errors }.visit_type(ty);
}

struct Check<'a> {
    role: Role,
    errors: &'a mut Errors,
}

impl Visit<'_> for Check<'_> {
    fn visit_type(&mut self, ty: &Type) {
        match ty {
            Type::Reference(reference) => {
                let (what, hint) = match self.role {
                    Role::Plain => (
                        "plain data holds no references",
                        "a reference would outlive its library in the other side's memory; store \
                         an index or a number, or derive `Portable` and cross by value"
                            .to_owned(),
                    ),
                    _ => ("a value that crosses holds no references", owned(&reference.elem)),
                };
                self.errors.at(ty, what, hint);
            }
            Type::Ptr(_) => self.errors.at(
                ty,
                "a raw pointer does not cross",
                "pass the data: by value, or as `&T`, `&mut T` of plain data",
            ),
            Type::BareFn(_) => self.errors.at(
                ty,
                "a function pointer does not cross: it would dangle once its library is gone",
                "lend a closure for the call, as an argument `&mut dyn FnMut(…) -> …`",
            ),
            Type::TraitObject(_) => self.errors.at(
                ty,
                "a trait object does not cross by value",
                "lend an interface for the call, as an argument `&dyn I` or `&mut dyn I`",
            ),
            Type::ImplTrait(_) => self.errors.at(
                ty,
                "`impl Trait` does not cross: both sides must know the type",
                "name the type, or lend an interface `&mut dyn I`",
            ),
            Type::Never(_) => {
                self.errors.at(ty, "`!` does not cross", "leave the result away");
            }
            Type::Infer(_) => self.errors.at(ty, "a type must be written out", "name the type"),
            Type::Path(path) if self.role == Role::Signature && path.path.is_ident("Self") => {
                self.errors.at(
                    ty,
                    "`Self` is another type on each side",
                    "name a type that both sides know",
                );
            }
            ty => visit::visit_type(self, ty),
        }
    }

    fn visit_lifetime(&mut self, lifetime: &syn::Lifetime) {
        self.errors.at(
            lifetime,
            "a value that crosses borrows nothing",
            "use the owned type: `String` for `Cow<'_, str>`",
        );
    }

    fn visit_expr(&mut self, _: &syn::Expr) {}
}

/// Notes macros in a type whose layout a derive vouches for.
pub(crate) fn check_written(ty: &Type, errors: &mut Errors) {
    CheckWritten(errors).visit_type(ty);
}

struct CheckWritten<'a>(&'a mut Errors);

impl Visit<'_> for CheckWritten<'_> {
    fn visit_macro(&mut self, mac: &syn::Macro) {
        self.0.at(
            mac,
            "a macro in a type is expanded anew wherever generated code names the type",
            "write the type out, or give it a name: `type Cells = …;`",
        );
    }
}

/// Notes what is not one type for both sides, in a type that is lent as it is.
pub(crate) fn check_lent(ty: &Type, errors: &mut Errors) {
    check_written(ty, errors);
    CheckLent(errors).visit_type(ty);
}

struct CheckLent<'a>(&'a mut Errors);

impl Visit<'_> for CheckLent<'_> {
    fn visit_type(&mut self, ty: &Type) {
        match ty {
            Type::ImplTrait(_) => self.0.at(
                ty,
                "`impl Trait` does not cross: both sides must know the type",
                "name the type, or lend a `dyn Trait`",
            ),
            Type::Infer(_) => self.0.at(ty, "a type must be written out", "name the type"),
            Type::Path(path) if path.path.is_ident("Self") => self.0.at(
                ty,
                "`Self` is another type on each side",
                "name a type that both sides know",
            ),
            ty => visit::visit_type(self, ty),
        }
    }

    fn visit_lifetime(&mut self, lifetime: &syn::Lifetime) {
        if lifetime.ident != "_" && lifetime.ident != "static" {
            self.0.at(
                lifetime,
                "what is lent has the lifetime of the call, and no other",
                "write `'_`",
            );
        }
    }

    fn visit_expr(&mut self, _: &syn::Expr) {}
}

/// What to write instead of a reference to this.
pub(crate) fn owned(ty: &Type) -> String {
    let ty = bare(ty);
    match ty {
        Type::Slice(slice) => format!("use `Vec<{}>`", crate::names::text(&slice.elem)),
        Type::Path(path) if path.path.is_ident("str") => "use `String`".to_owned(),
        Type::TraitObject(_) => "lend an interface as an argument of its own: `&dyn I`".to_owned(),
        ty => format!("use `{}` itself", crate::names::text(ty)),
    }
}
