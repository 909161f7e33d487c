use secureml::ops::package::{OpenError, OpenPackage, PackageRefused};
use secureml::package::Source;
use secureml::render::Report;
use secureml::verify::Authentic;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::hint;
use crate::host::Host;
use crate::options::PACKAGE_VERIFY;

/// Reads the index of a package; one that does not hold to the format is refused.
pub(super) fn read(package: &str, source: &dyn Source) -> Result<OpenPackage, Failure> {
    OpenPackage::read(source).map_err(|error| super::source::failure(package, &error))
}

/// Says why a package is refused.
pub(super) fn refuse(package: &str, refused: PackageRefused, host: &Host) -> Result<Exit, Failure> {
    let PackageRefused { authentic, findings, fault } = refused;
    let message = match (&fault, &authentic) {
        (Some(_), _) => format!("the signature of {package} is not accepted"),
        (None, Some(_)) => format!("{package} is not what was signed"),
        (None, None) => format!("{package} is not an acceptable package"),
    };
    let help = fault.as_ref().map(|fault| hint::for_fault(fault, PACKAGE_VERIFY));
    let help = help.or_else(|| hint::for_findings(&findings, PACKAGE_VERIFY));
    let help =
        help.or_else(|| Some("get the package again from where it came from, and do not use this one".to_owned()));
    let failure = Failure { findings, help, ..Failure::plain(Exit::Refused, message) };
    let printer = host.printer();
    printer.failure(&failure);
    printer.warnings(&failure.findings);
    printer.report(&report(Exit::Refused, package, authentic.as_ref()).with_findings(&failure.findings))?;
    Ok(Exit::Refused)
}

pub(super) fn report<'a>(exit: Exit, package: &str, authentic: Option<&'a Authentic>) -> Report<'a> {
    Report::new("package", exit.outcome()).with_package(package).signed_by(authentic)
}

/// The error where a file or package cannot be used.
pub(super) fn failed(package: &str) -> impl Fn(OpenError) -> Failure + '_ {
    move |error| super::source::failure(package, &error)
}
