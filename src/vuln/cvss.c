/* CVSS 2, 3.0 and 3.1 scores by the equations of their specifications (FIRST). Where threat (temporal) or environment metrics are
 * given, the score includes them. Hostile vectors are refused as a whole. */
#include "vuln/cvss.h"
#include "vuln/advisory.h"

#include <math.h>

enum { VECTOR_MAX = 512 };

static bool value_allowed(const char *values, struct str v)
{
	struct str rest = str_of(values), word;
	while (str_word(&rest, &word))
		if (str_eq(word, v))
			return true;
	return false;
}

static bool read_one(struct str part, const struct cvss_metric *table, struct str *values)
{
	struct str value = part;
	struct str name = str_cut(&value, ':');
	for (size_t i = 0; table[i].name; i++) {
		if (!str_eq(str_of(table[i].name), name))
			continue;
		if (values[i].n || !value_allowed(table[i].values, value))
			return false;
		values[i] = value;
		return true;
	}
	return false;
}

bool cvss_read(struct str vector, const struct cvss_metric *table, struct str *values)
{
	if (vector.n == 0 || vector.n > VECTOR_MAX || vector.p[vector.n - 1] == '/')
		return false;
	while (vector.n)
		if (!read_one(str_cut(&vector, '/'), table, values))
			return false;
	for (size_t i = 0; table[i].name; i++)
		if (table[i].mandatory && !values[i].n)
			return false;
	return true;
}

/* The number behind a value in a list like "N=0.85 A=0.62"; 0 for a value that is not there. */
static double weight(const char *list, struct str value)
{
	struct str rest = str_of(list), word;
	while (str_word(&rest, &word)) {
		struct str number = word;
		if (str_eq(str_cut(&number, '='), value))
			return strtod(number.p, NULL);
	}
	return 0;
}

static bool is(struct str v, const char *what)
{
	return str_eq(v, str_of(what));
}

/* Version 3 */
enum v3 {
	AV,
	AC,
	PR,
	UI,
	SC,
	C,
	I,
	A,
	E,
	RL,
	RC,
	CR,
	IR,
	AR,
	MAV,
	MAC,
	MPR,
	MUI,
	MS,
	MC,
	MI,
	MA,
	V3_COUNT
};
static const struct cvss_metric v3_table[] = {
	{ "AV", "N A L P", true },
	{ "AC", "L H", true },
	{ "PR", "N L H", true },
	{ "UI", "N R", true },
	{ "S", "U C", true },
	{ "C", "H L N", true },
	{ "I", "H L N", true },
	{ "A", "H L N", true },
	{ "E", "X H F P U", false },
	{ "RL", "X U W T O", false },
	{ "RC", "X C R U", false },
	{ "CR", "X H M L", false },
	{ "IR", "X H M L", false },
	{ "AR", "X H M L", false },
	{ "MAV", "X N A L P", false },
	{ "MAC", "X L H", false },
	{ "MPR", "X N L H", false },
	{ "MUI", "X N R", false },
	{ "MS", "X U C", false },
	{ "MC", "X H L N", false },
	{ "MI", "X H L N", false },
	{ "MA", "X H L N", false },
	{ 0 },
};

static double round_up(double x, int version)
{
	if (version == 30)
		return ceil(x * 10 - 1e-9) / 10;
	long scaled = lround(x * 100000);
	long tenths = scaled / 10000 + (scaled % 10000 != 0);
	return (double)tenths / 10;
}

static struct str modified(const struct str *v, enum v3 base, enum v3 mod)
{
	return v[mod].n && !is(v[mod], "X") ? v[mod] : v[base];
}

static double exploitability3(struct str av, struct str ac, struct str pr, struct str ui,
			      bool changed)
{
	return 8.22 * weight("N=0.85 A=0.62 L=0.55 P=0.2", av) * weight("L=0.77 H=0.44", ac) *
	       weight(changed ? "N=0.85 L=0.68 H=0.5" : "N=0.85 L=0.62 H=0.27", pr) *
	       weight("N=0.85 R=0.62", ui);
}

static double impact_of(struct str v)
{
	return weight("H=0.56 L=0.22 N=0", v);
}

static double base3(const struct str *v, int version)
{
	bool changed = is(v[SC], "C");
	double iss = 1 - (1 - impact_of(v[C])) * (1 - impact_of(v[I])) * (1 - impact_of(v[A]));
	double impact = changed ? 7.52 * (iss - 0.029) - 3.25 * pow(iss - 0.02, 15) : 6.42 * iss;
	double exploit = exploitability3(v[AV], v[AC], v[PR], v[UI], changed);
	if (impact <= 0)
		return 0;
	return round_up(MIN((changed ? 1.08 : 1) * (impact + exploit), 10.0), version);
}

static double or_one(double w)
{
	return w > 0 ? w : 1;
}

static double temporal3(const struct str *v)
{
	return or_one(weight("X=1 H=1 F=0.97 P=0.94 U=0.91", v[E])) *
	       or_one(weight("X=1 U=1 W=0.97 T=0.96 O=0.95", v[RL])) *
	       or_one(weight("X=1 C=1 R=0.96 U=0.92", v[RC]));
}

static double requirement(struct str v)
{
	return or_one(weight("X=1 H=1.5 M=1 L=0.5", v));
}

static double environmental3(const struct str *v, int version)
{
	bool changed = is(modified(v, SC, MS), "C");
	double iss = MIN(1 - (1 - requirement(v[CR]) * impact_of(modified(v, C, MC))) *
					 (1 - requirement(v[IR]) * impact_of(modified(v, I, MI))) *
					 (1 - requirement(v[AR]) * impact_of(modified(v, A, MA))),
			 0.915);
	double power = version == 30 ? pow(iss - 0.02, 15) : pow(iss * 0.9731 - 0.02, 13);
	double impact = changed ? 7.52 * (iss - 0.029) - 3.25 * power : 6.42 * iss;
	double exploit = exploitability3(modified(v, AV, MAV), modified(v, AC, MAC),
					 modified(v, PR, MPR), modified(v, UI, MUI), changed);
	if (impact <= 0)
		return 0;
	double inner = round_up(MIN((changed ? 1.08 : 1) * (impact + exploit), 10.0), version);
	return round_up(inner * temporal3(v), version);
}

static bool any_given(const struct str *v, size_t from, size_t to, const char *undefined)
{
	for (size_t i = from; i <= to; i++)
		if (v[i].n && !is(v[i], undefined))
			return true;
	return false;
}

static bool score3(struct str metrics, int version, double *score)
{
	struct str v[V3_COUNT] = { 0 };
	if (!cvss_read(metrics, v3_table, v))
		return false;
	if (any_given(v, CR, MA, "X"))
		*score = environmental3(v, version);
	else
		*score = round_up(base3(v, version) * temporal3(v), version);
	return true;
}

/* Version 2 */
enum v2 { AV2, AC2, AU2, C2, I2, A2, E2, RL2, RC2, CDP2, TD2, CR2, IR2, AR2, V2_COUNT };
static const struct cvss_metric v2_table[] = {
	{ "AV", "L A N", true },
	{ "AC", "H M L", true },
	{ "Au", "M S N", true },
	{ "C", "N P C", true },
	{ "I", "N P C", true },
	{ "A", "N P C", true },
	{ "E", "U POC F H ND", false },
	{ "RL", "OF TF W U ND", false },
	{ "RC", "UC UR C ND", false },
	{ "CDP", "N L LM MH H ND", false },
	{ "TD", "N L M H ND", false },
	{ "CR", "L M H ND", false },
	{ "IR", "L M H ND", false },
	{ "AR", "L M H ND", false },
	{ 0 },
};

static double round_one(double x)
{
	return floor(x * 10 + 0.5 + 1e-9) / 10;
}

static double impact2(struct str v)
{
	return weight("N=0 P=0.275 C=0.660", v);
}

static double requirement2(struct str v)
{
	return or_one(weight("L=0.5 M=1 H=1.51 ND=1", v));
}

static double base2(const struct str *v, double impact)
{
	double exploit = 20 * weight("L=0.395 A=0.646 N=1", v[AV2]) *
			 weight("H=0.35 M=0.61 L=0.71", v[AC2]) *
			 weight("M=0.45 S=0.56 N=0.704", v[AU2]);
	return round_one((0.6 * impact + 0.4 * exploit - 1.5) * (impact > 0 ? 1.176 : 0));
}

static double temporal2(const struct str *v)
{
	return or_one(weight("U=0.85 POC=0.9 F=0.95 H=1 ND=1", v[E2])) *
	       or_one(weight("OF=0.87 TF=0.9 W=0.95 U=1 ND=1", v[RL2])) *
	       or_one(weight("UC=0.9 UR=0.95 C=1 ND=1", v[RC2]));
}

static bool score2(struct str metrics, double *score)
{
	struct str v[V2_COUNT] = { 0 };
	if (!cvss_read(metrics, v2_table, v))
		return false;
	double impact =
		10.41 * (1 - (1 - impact2(v[C2])) * (1 - impact2(v[I2])) * (1 - impact2(v[A2])));
	if (!any_given(v, CDP2, AR2, "ND")) {
		*score = MAX(0.0, round_one(base2(v, impact) * temporal2(v)));
		return true;
	}
	double adjusted = MIN(10.41 * (1 - (1 - impact2(v[C2]) * requirement2(v[CR2])) *
						   (1 - impact2(v[I2]) * requirement2(v[IR2])) *
						   (1 - impact2(v[A2]) * requirement2(v[AR2]))),
			      10.0);
	double t = round_one(base2(v, adjusted) * temporal2(v));
	double targets = is(v[TD2], "N") ? 0 : or_one(weight("L=0.25 M=0.75 H=1 ND=1", v[TD2]));
	/* An adjusted impact of nearly nothing takes the sum below zero. */
	*score = MAX(0.0, round_one((t + (10 - t) * weight("N=0 L=0.1 LM=0.3 MH=0.4 H=0.5 ND=0",
							   v[CDP2])) *
				    targets));
	return true;
}

bool cvss_score(struct str vector, double *score, int *version)
{
	double s = 0;
	int v;
	bool ok;
	if (str_starts(vector, S("CVSS:4.0/"))) {
		v = 40;
		ok = cvss4_score(str_from(vector, 9), &s);
	} else if (str_starts(vector, S("CVSS:3.1/")) || str_starts(vector, S("CVSS:3.0/"))) {
		v = vector.p[7] == '1' ? 31 : 30;
		ok = score3(str_from(vector, 9), v, &s);
	} else {
		v = 20;
		if (vector.n > 2 && vector.p[0] == '(' && vector.p[vector.n - 1] == ')')
			vector = str_upto(str_from(vector, 1), vector.n - 2);
		ok = score2(vector, &s);
	}
	if (!ok)
		return false;
	*score = s;
	*version = v;
	return true;
}

enum severity cvss_severity(double score, int version)
{
	if (score <= 0)
		return score < 0 ? SEVERITY_UNKNOWN : SEVERITY_NEGLIGIBLE;
	if (version == 20)
		return score >= 7 ? SEVERITY_HIGH : score >= 4 ? SEVERITY_MEDIUM : SEVERITY_LOW;
	return score >= 9   ? SEVERITY_CRITICAL
	       : score >= 7 ? SEVERITY_HIGH
	       : score >= 4 ? SEVERITY_MEDIUM
			    : SEVERITY_LOW;
}
