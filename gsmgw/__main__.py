"""python -m gsmgw"""

from gsmgw.cli import main

main()
