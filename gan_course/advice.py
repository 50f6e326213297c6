"""What helps against errors of the system whose own words tell most people little."""
import re

KNOWN = {  # what an error says, and what helps against it
    r"WinError (126|1114|1157)|DLL load failed":
        "PyTorch needs Microsoft's Visual C++ runtime, which is free. Install "
        "https://aka.ms/vs/17/release/vc_redist.x64.exe and start this again.",
    r"certificate verify failed|CERTIFICATE_VERIFY_FAILED":
        "This Python trusts no certificates. On macOS, open the folder of this Python in "
        "Applications and double-click \"Install Certificates.command\". In a company or a school, "
        "ask for the root certificate and set SSL_CERT_FILE to that file.",
}


def advice(problem: Exception | str) -> str:
    """What helps against a problem.

    Args:
        problem: an error, or its words.

    Returns:
        Some sentences; "" where nothing is known.
    """
    return next((words for sign, words in KNOWN.items() if re.search(sign, str(problem))), "")
