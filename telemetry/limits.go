package telemetry

// Limits bound what reading a bundle may cost. A zero field takes its default,
// so the zero Limits is the one to use for input that nobody vouches for.
type Limits struct {
	// Total bounds the decompressed bytes of one pass over a bundle (an Open,
	// a Logs, a Spans); default 64 GiB.
	Total int64
	// Ratio bounds decompressed over compressed bytes of one gzip or deflate
	// stream; default 500. Text that people write stays under 50, one line
	// repeated for ever reaches 350, a stream of one byte 1030. Zstandard, which
	// has no such ceiling, may reach 32 times as much.
	Ratio int64
	// RatioFrom is how many decompressed bytes a stream may give before Ratio
	// counts; default 64 MiB.
	RatioFrom int64
	// Small bounds the decompressed bytes of a part that is kept in memory and
	// is no metric: incident, topology, events, alerts, truth; default 64 MiB.
	Small int64
	// Cells bounds the metric samples of a bundle, eight bytes each; default
	// 128 Mi.
	Cells int64
	// Line bounds the bytes of a log line, and of a log record of several
	// lines; what is longer is cut and Record.Cut says by how much; default 1 MiB.
	Line int
	// Row bounds the bytes of a line of CSV or JSONL; a longer one is an error;
	// default 16 MiB.
	Row int
	// Members bounds the number of files of a bundle; default 100,000.
	Members int
	// Spool bounds the bytes of a compressed tar that are kept in memory to
	// spare walks over it; default 64 MiB.
	Spool int64
}

// withDefaults returns l with zero fields filled in.
func (l Limits) withDefaults() Limits {
	fill(&l.Total, 64<<30)
	fill(&l.Ratio, 500)
	fill(&l.RatioFrom, 64<<20)
	fill(&l.Small, 64<<20)
	fill(&l.Cells, 128<<20)
	fill(&l.Line, 1<<20)
	fill(&l.Row, 16<<20)
	fill(&l.Members, 100_000)
	fill(&l.Spool, 64<<20)
	return l
}

func fill[T int | int64](p *T, v T) {
	if *p == 0 {
		*p = v
	}
}
