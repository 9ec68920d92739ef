/* CVSS 4.0 scores (FIRST): a vector falls into one of 270 macro vectors, each with a score given by
 * the specification; inside it the score goes down with the distance from the macro vector's most
 * severe vectors, at most to the next lower macro vector. */
#include "vuln/cvss.h"

#include <math.h>

enum metric {
	AV,
	AC,
	AT,
	PR,
	UI,
	VC,
	VI,
	VA,
	SC,
	SI,
	SA,
	E,
	CR,
	IR,
	AR,
	MAV,
	MAC,
	MAT,
	MPR,
	MUI,
	MVC,
	MVI,
	MVA,
	MSC,
	MSI,
	MSA
};
static const struct cvss_metric table[] = {
	{ "AV", "N A L P", true },
	{ "AC", "L H", true },
	{ "AT", "N P", true },
	{ "PR", "N L H", true },
	{ "UI", "N P A", true },
	{ "VC", "H L N", true },
	{ "VI", "H L N", true },
	{ "VA", "H L N", true },
	{ "SC", "H L N", true },
	{ "SI", "H L N", true },
	{ "SA", "H L N", true },
	{ "E", "X A P U", false },
	{ "CR", "X H M L", false },
	{ "IR", "X H M L", false },
	{ "AR", "X H M L", false },
	{ "MAV", "X N A L P", false },
	{ "MAC", "X L H", false },
	{ "MAT", "X N P", false },
	{ "MPR", "X N L H", false },
	{ "MUI", "X N P A", false },
	{ "MVC", "X H L N", false },
	{ "MVI", "X H L N", false },
	{ "MVA", "X H L N", false },
	{ "MSC", "X H L N", false },
	{ "MSI", "X S H L N", false },
	{ "MSA", "X S H L N", false },
	{ "S", "X N P", false },
	{ "AU", "X N Y", false },
	{ "R", "X A U I", false },
	{ "V", "X D C", false },
	{ "RE", "X L M H", false },
	{ "U", "X Clear Green Amber Red", false },
	{ 0 },
};

/* Scores times ten: [EQ1][EQ2][EQ3 and EQ6: 00 01 10 11 21][EQ4][EQ5]. */
static const unsigned char scores[3][2][5][3][3] = {
	{
		{
			{ { 100, 98, 95 }, { 100, 93, 91 }, { 93, 89, 81 } },
			{ { 99, 95, 92 }, { 96, 87, 81 }, { 90, 80, 68 } },
			{ { 98, 95, 90 }, { 93, 89, 81 }, { 88, 78, 69 } },
			{ { 95, 92, 84 }, { 92, 81, 65 }, { 80, 70, 48 } },
			{ { 92, 82, 72 }, { 79, 69, 50 }, { 69, 55, 27 } },
		},
		{
			{ { 99, 95, 92 }, { 95, 90, 84 }, { 92, 82, 72 } },
			{ { 97, 92, 85 }, { 91, 83, 71 }, { 81, 71, 53 } },
			{ { 95, 92, 85 }, { 92, 80, 70 }, { 84, 71, 50 } },
			{ { 93, 85, 73 }, { 82, 72, 59 }, { 70, 52, 30 } },
			{ { 86, 75, 52 }, { 71, 52, 29 }, { 63, 29, 17 } },
		},
	},
	{
		{
			{ { 98, 94, 91 }, { 94, 86, 77 }, { 87, 74, 63 } },
			{ { 95, 87, 81 }, { 89, 74, 64 }, { 75, 63, 49 } },
			{ { 94, 88, 76 }, { 86, 74, 59 }, { 72, 57, 52 } },
			{ { 89, 77, 67 }, { 76, 58, 50 }, { 57, 52, 25 } },
			{ { 83, 70, 54 }, { 65, 58, 26 }, { 53, 21, 13 } },
		},
		{
			{ { 95, 88, 76 }, { 90, 75, 61 }, { 77, 68, 52 } },
			{ { 90, 76, 70 }, { 77, 62, 53 }, { 66, 59, 30 } },
			{ { 89, 76, 62 }, { 74, 57, 47 }, { 61, 57, 24 } },
			{ { 78, 67, 58 }, { 59, 57, 23 }, { 52, 29, 16 } },
			{ { 71, 59, 30 }, { 58, 26, 15 }, { 23, 13, 6 } },
		},
	},
	{
		{
			{ { 93, 86, 75 }, { 86, 74, 56 }, { 70, 52, 40 } },
			{ { 87, 72, 58 }, { 74, 61, 34 }, { 54, 40, 22 } },
			{ { 85, 74, 62 }, { 72, 55, 46 }, { 53, 34, 19 } },
			{ { 75, 55, 51 }, { 57, 41, 19 }, { 36, 19, 8 } },
			{ { 64, 51, 20 }, { 47, 21, 11 }, { 24, 9, 4 } },
		},
		{
			{ { 88, 73, 60 }, { 73, 59, 41 }, { 54, 45, 20 } },
			{ { 75, 53, 50 }, { 55, 40, 20 }, { 43, 22, 11 } },
			{ { 75, 58, 40 }, { 61, 48, 20 }, { 46, 17, 8 } },
			{ { 55, 45, 21 }, { 51, 18, 9 }, { 18, 7, 2 } },
			{ { 53, 24, 14 }, { 24, 12, 5 }, { 10, 3, 1 } },
		},
	},
};

/* How far a value is from the most severe one of its metric, in steps. */
static int level(enum metric m, char value)
{
	static const char *const order[] = {
		[AV] = "NALP", [AC] = "LH",  [AT] = "NP",  [PR] = "NLH",  [UI] = "NPA",
		[VC] = "HLN",  [VI] = "HLN", [VA] = "HLN", [SC] = "SHLN", [SI] = "SHLN",
		[SA] = "SHLN", [E] = "APU",  [CR] = "HML", [IR] = "HML",  [AR] = "HML",
	};
	const char *p = strchr(order[m], value);
	return p ? (int)(p - order[m]) : 0;
}

struct vector {
	char v[AR + 1]; /* effective values: modified ones in place, defaults for the undefined */
};

static void effective(const struct str *given, struct vector *out)
{
	for (int m = 0; m <= AR; m++)
		out->v[m] = given[m].n ? given[m].p[0] : 'X';
	for (int m = AV; m <= SA; m++) {
		struct str mod = given[MAV + m];
		if (mod.n && mod.p[0] != 'X')
			out->v[m] = mod.p[0];
	}
	if (out->v[E] == 'X')
		out->v[E] = 'A';
	for (int m = CR; m <= AR; m++)
		if (out->v[m] == 'X')
			out->v[m] = 'H';
}

struct macro {
	int eq1, eq2, eq3, eq4, eq5, eq6;
};

static int eq1_of(const char *v)
{
	int open = (v[AV] == 'N') + (v[PR] == 'N') + (v[UI] == 'N');
	if (open == 3)
		return 0;
	return open && v[AV] != 'P' ? 1 : 2;
}

static void macro_of(const struct vector *x, struct macro *m)
{
	const char *v = x->v;
	m->eq1 = eq1_of(v);
	m->eq2 = v[AC] == 'L' && v[AT] == 'N' ? 0 : 1;
	m->eq3 = v[VC] == 'H' && v[VI] == 'H'			? 0
		 : v[VC] == 'H' || v[VI] == 'H' || v[VA] == 'H' ? 1
								: 2;
	m->eq4 = v[SI] == 'S' || v[SA] == 'S'			? 0
		 : v[SC] == 'H' || v[SI] == 'H' || v[SA] == 'H' ? 1
								: 2;
	m->eq5 = level(E, v[E]);
	m->eq6 = (v[CR] == 'H' && v[VC] == 'H') || (v[IR] == 'H' && v[VI] == 'H') ||
				 (v[AR] == 'H' && v[VA] == 'H')
			 ? 0
			 : 1;
}

/* The macro vector's score, -1 where there is none. */
static double score_of(struct macro m)
{
	if (m.eq1 > 2 || m.eq2 > 1 || m.eq3 > 2 || m.eq4 > 2 || m.eq5 > 2 || m.eq6 > 1 ||
	    (m.eq3 == 2 && m.eq6 == 0))
		return -1;
	return scores[m.eq1][m.eq2][m.eq3 == 2 ? 4 : m.eq3 * 2 + m.eq6][m.eq4][m.eq5] / 10.0;
}

/* Distance from the first of the most severe vectors that is nowhere less severe than x. Each of
 * `most` gives one letter a metric. */
static int distance(const struct vector *x, const enum metric *metrics, size_t n,
		    const char *const *most)
{
	for (; *most; most++) {
		int sum = 0;
		bool above = true;
		for (size_t i = 0; i < n; i++) {
			int d = level(metrics[i], x->v[metrics[i]]) - level(metrics[i], (*most)[i]);
			above &= d >= 0;
			sum += d;
		}
		if (above)
			return sum;
	}
	return 0;
}

static int distance1(const struct vector *x, int eq)
{
	static const enum metric metrics[] = { AV, PR, UI };
	static const char *const most[3][4] = { { "NNN" },
						{ "ANN", "NLN", "NNP" },
						{ "PNN", "ALP" } };
	return distance(x, metrics, COUNT(metrics), most[eq]);
}

static int distance2(const struct vector *x, int eq)
{
	static const enum metric metrics[] = { AC, AT };
	static const char *const most[2][3] = { { "LN" }, { "HN", "LP" } };
	return distance(x, metrics, COUNT(metrics), most[eq]);
}

static int distance36(const struct vector *x, int eq3, int eq6)
{
	static const enum metric metrics[] = { VC, VI, VA, CR, IR, AR };
	static const char *const most[3][2][6] = {
		{ { "HHHHHH" }, { "HHLMMH", "HHHMMM" } },
		{ { "LHHHHH", "HLHHHH" }, { "LHLHMH", "LHHHMM", "HLHMHM", "HLLMHH", "LLHHHM" } },
		{ { NULL }, { "LLLHHH" } },
	};
	return distance(x, metrics, COUNT(metrics), most[eq3][eq6]);
}

static int distance4(const struct vector *x, int eq)
{
	static const enum metric metrics[] = { SC, SI, SA };
	static const char *const most[3][2] = { { "HSS" }, { "HHH" }, { "LLL" } };
	return distance(x, metrics, COUNT(metrics), most[eq]);
}

static double next_36(struct macro m)
{
	struct macro other = m;
	if (m.eq3 == 0 && m.eq6 == 0) {
		m.eq6 = 1;
		other.eq3 = 1;
		return MAX(score_of(m), score_of(other));
	}
	if (m.eq3 == 1 && m.eq6 == 0)
		m.eq6 = 1;
	else
		m.eq3++;
	return score_of(m);
}

/* Adds one group's share of the way down, when there is a lower macro vector to go to. */
static void go_down(double value, double lower, int dist, int depth, double *sum, int *n)
{
	if (lower < 0)
		return;
	*sum += (value - lower) * dist / depth;
	++*n;
}

bool cvss4_score(struct str metrics, double *score)
{
	static const int depth1[] = { 1, 4, 5 }, depth2[] = { 1, 2 }, depth4[] = { 6, 5, 4 };
	static const int depth36[3][2] = { { 7, 6 }, { 8, 8 }, { 10, 10 } };
	struct str given[CVSS_METRICS_MAX] = { 0 };
	struct vector x;
	struct macro m, next;
	double sum = 0;
	int n = 0;
	if (!cvss_read(metrics, table, given))
		return false;
	effective(given, &x);
	bool impact = false;
	for (int i = VC; i <= SA; i++)
		impact |= x.v[i] != 'N';
	if (!impact) {
		*score = 0;
		return true;
	}
	macro_of(&x, &m);
	double value = score_of(m);
	next = m, next.eq1++;
	go_down(value, score_of(next), distance1(&x, m.eq1), depth1[m.eq1], &sum, &n);
	next = m, next.eq2++;
	go_down(value, score_of(next), distance2(&x, m.eq2), depth2[m.eq2], &sum, &n);
	go_down(value, next_36(m), distance36(&x, m.eq3, m.eq6), depth36[m.eq3][m.eq6], &sum, &n);
	next = m, next.eq4++;
	go_down(value, score_of(next), distance4(&x, m.eq4), depth4[m.eq4], &sum, &n);
	next = m, next.eq5++;
	go_down(value, score_of(next), 0, 1, &sum, &n);
	if (n)
		value -= sum / n;
	value = MIN(MAX(value, 0.0), 10.0);
	*score = floor(value * 10 + 0.5 + 1e-6) / 10;
	return true;
}
