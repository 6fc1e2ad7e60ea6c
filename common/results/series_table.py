def series_table(rows):
    import statistics

    return [
        f"{t:<20}"
        + "".join(
            f"{statistics.fmean([r.scores[s].ranking_score for r in rs]):10.3f}"
            for s in ("val", "test", "train_unlabeled")
        )
        for t, rs in rows
    ]
