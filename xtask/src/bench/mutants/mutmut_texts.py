"""Prints what mutmut found in one file as JSON: [{name, code, text}], `text` being the whole file with the mutant in it.

    mutmut_texts.py FILE     in the folder that `mutmut run` ran in
"""

import json
import sys

import libcst as cst
from mutmut.mutation import diff_apply
from mutmut.mutation.data import SourceFileMutationData
from mutmut.utils.format_utils import orig_function_and_class_names_from_key

path = sys.argv[1]
data = SourceFileMutationData(path=path)
data.load()
module = diff_apply.read_orig_module(path)
found = []
for name, code in data.exit_code_by_key.items():
    own_name = orig_function_and_class_names_from_key(name)[0].rpartition(".")[-1]
    original = diff_apply.find_top_level_function_or_method(module, own_name)
    pair = diff_apply.read_functions_from_index(name, path)
    if original is None or pair is None:
        continue
    mutant = pair[1].with_changes(name=cst.Name(own_name))
    found.append({"name": name, "code": code, "text": module.deep_replace(original, mutant).code})
json.dump(found, sys.stdout)
