//! What is visible from outside, per language.

use std::sync::Arc;

use hephaestus_core::{LanguageId, RelPath, SourceFile};

use crate::walk::tests::parsed;
use crate::{Languages, Parsed};

fn names(parsed: &Parsed) -> Vec<String> {
    parsed.public_api().into_iter().map(|item| item.name).collect()
}

fn signature(language: &str, text: &str, name: &str) -> String {
    let api = parsed(language, text).public_api();
    api.into_iter().find(|item| item.name == name).unwrap().signature
}

#[test]
fn python_shows_what_has_no_underscore_in_front() {
    let text = "
import os
from x import y
A, _b = 1, 2
c: int = 3
__all__ = ['A']
_hidden = 4
def f(a, b=1): return a
def _g(): pass
try:
    def h(): pass
except ImportError:
    h = None
class C(Base):
    '''Doc.'''
    x = 1
    self.y = 2
    def __init__(self): self.z = 1
    def m(self):
        def inner(): pass
    def _n(self): pass
    class D:
        def o(self): pass
class _E:
    def p(self): pass
";
    let expected = ["A", "C", "C.D", "C.D.o", "C.__init__", "C.m", "C.x", "__all__", "c", "f", "h", "h"];
    assert_eq!(names(&parsed("python", text)), expected);
}

#[test]
fn a_signature_leaves_bodies_values_and_comments_out() {
    let text = "@cache\n@property\ndef f(a, # one\n  b: int = 1) -> str:\n    '''Doc.'''\n    return a\n";
    assert_eq!(signature("python", text, "f"), "@ property def f ( a , b : int = 1 ) -> str :");
    assert_eq!(
        signature("python", "class C(Base, metaclass=M):\n    pass\n", "C"),
        "class C ( Base , metaclass = M ) :"
    );
    assert_eq!(signature("python", "x: int = 5\n", "x"), "x : int =");
    assert_eq!(signature("python", "__all__ = ['a']\n", "__all__"), "__all__ = [ 'a' ]");
    let body = |body: &str| parsed("python", &format!("def f(a):\n    return {body}\n")).public_api();
    assert_eq!(body("1"), body("lambda: 2"));
}

#[test]
fn python_packages_show_what_they_import() {
    let language = Languages::builtin().unwrap().get(&LanguageId::new("python")).unwrap();
    let at = |path: &str| {
        let text = "from .a import b, c as d, _e\nfrom .x import *\nimport os\n";
        let file = SourceFile::new(RelPath::new(path).unwrap(), language.id().clone(), text, false);
        names(&Parsed::new(language, Arc::new(file)).unwrap())
    };
    assert_eq!(at("pkg/__init__.py"), ["b", "d", "from .x import *", "os"]);
    assert!(at("pkg/other.py").is_empty());
}

#[test]
fn javascript_shows_what_it_exports() {
    let text = "
export function f(a, { b }) { return a; }
export const g = (x) => x, h = 5;
export class C extends B { m(a) {} #p() {} static q = 1; }
function local(z) {}
export { local, local as other };
export default function (q) {}
export * from './x';
export * as ns from './y';
function hidden() {}
";
    let expected = ["*", "C", "C.m", "C.q", "default", "f", "g", "h", "local", "ns", "other"];
    assert_eq!(names(&parsed("javascript", text)), expected);
    assert_eq!(signature("javascript", text, "other"), "function local ( z )");
    assert_eq!(signature("javascript", text, "g"), "( x ) =>");
    assert_eq!(signature("javascript", text, "C.m"), "m ( a )");
    assert_eq!(signature("javascript", text, "h"), "");
}

#[test]
fn javascript_shows_what_it_assigns_to_module_exports() {
    let text = "
const a = function (x) {};
module.exports = { a, b: a, c(y) {}, 'd-e': 1 };
exports.f = (z) => z;
module.exports.g = a;
other.exports.h = 1;
";
    let expected = ["a", "b", "c", "d-e", "f", "g", "module.exports"];
    assert_eq!(names(&parsed("javascript", text)), expected);
    assert_eq!(signature("javascript", text, "b"), "function ( x )");
    let text = "module.exports = function (args, opts) { return 1; };";
    assert_eq!(signature("javascript", text, "module.exports"), "function ( args , opts )");
}

#[test]
fn typescript_shows_types_too() {
    let text = "
export interface I { a: string }
export type T = I | null;
export enum E { A }
export abstract class C { private p(): void {} abstract q(): void; r: number = 1; protected s = 2 }
export const x: number = 1;
export declare function d(a: string): void;
interface Hidden {}
";
    let expected = ["C", "C.q", "C.r", "E", "I", "T", "d", "x", "x"];
    assert_eq!(names(&parsed("typescript", text)), expected);
    assert_eq!(signature("typescript", text, "I"), "interface I { a : string }");
}

#[test]
fn rust_shows_what_is_pub() {
    let text = "
use a::b;
pub use c::d;
pub const X: u8 = 1;
pub(crate) fn hidden() {}
fn private() {}
pub struct S<T> { pub a: T, b: u8 }
pub enum E { A, B(u8) }
enum F { C }
pub trait Tr { fn m(&self); fn n(&self) {} type T; }
impl<T> S<T> { pub fn new(a: T) -> Self { todo!() } fn p(&self) {} }
impl<T> Clone for S<T> { fn clone(&self) -> Self { todo!() } }
pub mod m { pub fn f() {} fn g() {} }
";
    let expected = [
        "Clone for S<T>",
        "E",
        "E.A",
        "E.B",
        "S",
        "S.a",
        "S.new",
        "Tr",
        "Tr.T",
        "Tr.m",
        "Tr.n",
        "X",
        "c::d",
        "m",
        "m.f",
    ];
    assert_eq!(names(&parsed("rust", text)), expected);
    assert_eq!(signature("rust", text, "S.new"), "pub fn new ( a : T ) -> Self");
    assert_eq!(signature("rust", text, "X"), "pub const X : u8 = ;");
}
