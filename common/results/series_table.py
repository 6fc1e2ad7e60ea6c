"""A table of series of models, one below the other: strengths of noise in step 05, generations in steps 06 to 14."""

from collections.abc import Iterable, Sequence

from common.results.result import SPLITS, Result
from common.results.summary import ranking_scores
from common.results.tables import mean_and_deviation
from common.text import aligned_table


def series_table(rows: Iterable[tuple[str, Sequence[Result]]]) -> list[str]:
    """Makes a table of mIoU by the paper metric: a line for each series, a column for each split.

    Args:
        rows: The title of each series and its results, from all runs; a series without results gets a line too.

    Returns:
        The head of the table, and a line for each series: the number of models, mean and standard deviation over them.
    """
    cells: list[tuple[str, ...]] = [("", "models", *SPLITS)]
    for title, results in rows:
        spreads = ranking_scores(results)
        cells.append((title, str(len(results)), *(mean_and_deviation(spreads[split]) for split in SPLITS)))
    return [f"  {line}" for line in aligned_table(cells)]
