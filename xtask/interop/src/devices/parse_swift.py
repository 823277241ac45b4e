# Parses Swift, and names the first place of each file that is not Swift. Ends with 1 if there is one.

import sys

import tree_sitter
import tree_sitter_swift

parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_swift.language()))


def broken(node):
    """The first error in the tree, in the order of the text."""
    if node.is_error or node.is_missing:
        return node
    found = (broken(child) for child in node.children if child.has_error)
    return next((one for one in found if one), None)


wrong = 0
for path in sys.argv[1:]:
    with open(path, "rb") as file:
        text = file.read()
    tree = parser.parse(text)
    if not tree.root_node.has_error and tree.root_node.named_child_count > 0:
        continue
    wrong += 1
    at = broken(tree.root_node) or tree.root_node
    line = text.split(b"\n")[at.start_point[0]].decode()
    print(f"{path}:{at.start_point[0] + 1}: not Swift: {line.strip()}")
sys.exit(1 if wrong else 0)
