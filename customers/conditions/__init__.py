"""The one condition language: what playbooks, scorecards and segments ask about an account.

    parse.py            document -> tree (nodes.py); all mistakes at once (errors.py)
    measures.py         document -> measure, a number about an account; evaluation in memory
    evaluate.py         tree + facts (facts.py) + instant -> true, false or unknown with its cause
    explain.py          the same, as a tree with values and limits, and one sentence of it
    sentence.py         tree -> English      render.py  tree -> document
    to_sql.py           the same meaning for all accounts in one statement
    load.py             the facts of some accounts; the one file that queries

Everything is asked as of an instant: what had happened by then and was known by then. Nothing here writes, and apart from
load.py nothing knows Django.
"""
