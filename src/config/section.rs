//! How a section of `kiosk.toml` is described: each key once, with type, default, limit and explanation. The loader,
//! `--set`, the checks and the commented reference file all walk over these descriptions.

use super::setting::{Limit, Setting};

/// Sees every section and key in the order of the file.
pub(super) trait Visitor {
    /// A section begins, `cloud.stt`.
    fn section(&mut self, path: &str, about: &str);

    /// A key, `cloud.stt.model`, with its explanation and present value.
    fn key(&mut self, path: &str, about: &str, limit: &Limit, setting: &mut dyn Setting);

    /// A list of tables, `[[tools.http]]`. Its items are visited after this, at `tools.http.0` and so on.
    fn list(&mut self, _path: &str, _about: &str, _items: &mut dyn Sections) {}
}

/// The tables of a list.
pub(super) trait Sections {
    /// How many there are.
    fn count(&self) -> usize;

    /// One more, with its defaults.
    fn push(&mut self);

    /// A table with its defaults, for the reference and the names of its keys.
    fn example(&self) -> Box<dyn Section>;
}

impl<S: Section + Default + 'static> Sections for Vec<S> {
    fn count(&self) -> usize {
        self.len()
    }

    fn push(&mut self) {
        self.push(S::default());
    }

    fn example(&self) -> Box<dyn Section> {
        Box::new(S::default())
    }
}

/// A table of `kiosk.toml`.
pub(super) trait Section {
    /// Shows the visitor everything in this section, which is at `path` (empty: the whole file).
    fn visit(&mut self, path: &str, visitor: &mut dyn Visitor);
}

/// `section.key`; at the top of the file only `key`.
pub(super) fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

/// `Name { key: Type = default, limit; … } with { subsection: Type; … } lists { tables: Type; … }`, each with its doc
/// comment, which is also the comment in the reference file.
macro_rules! section {
    (
        $(#[doc = $about:literal])*
        $name:ident {
            $( $(#[doc = $doc:literal])* $key:ident : $type:ty = $default:expr, $limit:expr; )*
        }
        $(with { $( $(#[doc = $sub_doc:literal])* $sub:ident : $sub_type:ty; )* })?
        $(lists { $( $(#[doc = $list_doc:literal])* $list:ident : $item_type:ty; )* })?
    ) => {
        $(#[doc = $about])*
        #[derive(Debug, Clone, PartialEq)]
        pub struct $name {
            $( $(#[doc = $doc])* pub $key: $type, )*
            $($( $(#[doc = $sub_doc])* pub $sub: $sub_type, )*)?
            $($( $(#[doc = $list_doc])* pub $list: Vec<$item_type>, )*)?
        }

        impl Default for $name {
            fn default() -> Self {
                Self {
                    $( $key: $default, )*
                    $($( $sub: <$sub_type>::default(), )*)?
                    $($( $list: Vec::new(), )*)?
                }
            }
        }

        impl Section for $name {
            fn visit(&mut self, path: &str, visitor: &mut dyn Visitor) {
                if !path.is_empty() {
                    visitor.section(path, concat!($($about, "\n"),*));
                }
                $( visitor.key(&join(path, stringify!($key)), concat!($($doc, "\n"),*), &$limit, &mut self.$key); )*
                $($( self.$sub.visit(&join(path, stringify!($sub)), visitor); )*)?
                $($(
                    let list = join(path, stringify!($list));
                    visitor.list(&list, concat!($($list_doc, "\n"),*), &mut self.$list);
                    for (index, item) in self.$list.iter_mut().enumerate() {
                        item.visit(&join(&list, &index.to_string()), visitor);
                    }
                )*)?
            }
        }
    };
}

pub(super) use section;
