/* What an image holds: the SBOM in memory, whether analyzed from layers or read from a file. Plain data in one arena;
 * writers see a const one. */
#ifndef LAZARET_ANALYZE_INVENTORY_H
#define LAZARET_ANALYZE_INVENTORY_H

#include "analyze/record.h"
#include "oci/oci.h"

struct distribution {                   /* all empty when the image says nothing */
	struct str id;                  /* os-release ID, lower case: "debian", "alpine", "rhel", "opensuse-leap" */
	struct str version;             /* the release as advisories name it: "12", "3.19", "22.04", "9"; may be empty */
	struct str version_id;          /* as the image says it: "12", "3.19.1", "9.4" */
	struct str codename, pretty_name;
	struct str advisory_namespace;  /* key of its advisories in the database: "debian:12"; empty: not known to us */
	const char *scheme;             /* version scheme: "deb", "rpm", "apk"; NULL when not known */
	int64_t eol;                    /* end of (public, free) support, Unix seconds; 0: not known */
	bool overridden;                /* by --distro */
	struct str path;                /* the file that said so */
};

enum relation { RELATION_UNKNOWN, RELATION_ROOT, RELATION_DIRECT, RELATION_INDIRECT };

struct package {                        /* see record_package for names and versions */
	struct str type;                /* purl type */
	struct str name, version, arch;
	struct str source_name, source_version;
	struct strs licences, depends, provides;
	struct str purl;
	struct str path;                /* of the file that says it: database, metadata, lockfile, archive, program */
	struct str inside;              /* within an archive at `path`; empty: path itself */
	struct digest sha256, sha1, md5;        /* of that file; alg DIGEST_NONE: not taken */
	enum relation relation;
	bool dev, optional;
	const size_t *needs;            /* indexes of the packages it depends on, ascending; see graph.h */
	size_t n_needs;
	/* Index of the distribution package that provably owns `path`, -1: none (see owned.h). Such a package is listed,
	 * and matched against language advisories only where the distribution has no feed of its own. */
	ssize_t owner;
	bool is_owned;                  /* some distribution package does, listed or not */
	struct str licence;             /* SPDX expression made from `licences`; empty: they say nothing */
	struct str analyzer;
	size_t layer;                   /* index into inventory.layers: the first from which it is there without a gap */
	const struct attr *attrs;       /* see record_package */
	size_t n_attrs;
	struct owned_file *owned;       /* the files it says it owns, with their recorded digests */
	size_t n_owned;
	uint64_t files_told;            /* how many it owns, where an SBOM says no more; package_files has the number */
};

struct fact_file {                      /* a visible file of which an analyzer tells more than packages */
	struct str path, analyzer;
	uint64_t size;
	size_t layer;
	struct digest sha1;             /* where its analyzer has `digests` */
	const struct attr *attrs;
	size_t n_attrs;
};

struct file_mode {                      /* a visible entry with setuid, setgid, or writable by anybody; see record_mode */
	struct str path;
	unsigned mode, uid, gid;
	bool is_dir;
	size_t layer;
};

/* Severities here are words as in vuln/advisory.h: "CRITICAL", "HIGH", "MEDIUM", "LOW". */
struct secret {
	struct str rule, title, category, severity;
	struct str where;               /* "file", "env", "label", "history", "argument" */
	struct str path;                /* of the file; else the name of the variable or label, the number of the step */
	struct str match;               /* redacted */
	uint64_t line, end_line;
	ssize_t layer;                  /* -1: the configuration */
	bool deleted;                   /* the file is not there any more in the final image; the layer still has it */
};

struct licence_text {                   /* a recognized text in a file that belongs to no package, or to `package` */
	struct str path, expression;
	ssize_t package;                /* -1: none */
	size_t layer;
};

struct malware {
	struct str rule, description, path;
	size_t layer;
	bool deleted;
};

struct base_image {
	struct str name;                /* "docker.io/library/debian:12"; empty: only that there is one is known */
	struct str digest;
	size_t layers;                  /* how many of the lowest layers are its; 0: no base is known */
	struct str evidence;            /* "annotation", "known layers", "history" */
};

struct layer_info {
	struct digest digest;           /* of the blob; alg DIGEST_NONE for a directory */
	struct digest diff_id;
	uint64_t size;                  /* of the blob, bytes */
	struct str media_type, created_by;
	bool cached, examined;
	bool cut;                       /* examined, but something was left out: its notes say what */
};

struct not_examined {
	struct str path, reason;        /* path empty: the layer or the image as a whole */
	ssize_t layer;                  /* -1: none */
	bool database;                  /* a package database, or a lockfile, that could not be read (wholly) */
};

struct inventory {
	struct arena *arena;
	struct str target;              /* as the user typed it */
	struct str purl;                /* of the image, as the SBOM it was read from has it; empty: not from an SBOM */
	struct str serial;              /* "urn:uuid:..." of that SBOM */
	struct str reference;           /* what it resolved to, with the digest; empty for a directory */
	struct image *image;            /* NULL for a directory */
	struct platform platform;
	struct distribution distribution;
	struct package *packages;       /* sorted by (type, name, version, arch, path) */
	size_t n_packages, packages_cap;
	struct layer_info *layers;
	size_t n_layers;
	struct not_examined *not_examined;
	size_t n_not_examined, not_examined_cap;
	struct fact_file *facts;        /* sorted by (path, analyzer) */
	size_t n_facts, facts_cap;
	struct file_mode *modes;        /* sorted by path */
	size_t n_modes, modes_cap;
	struct secret *secrets;         /* sorted by (layer, path, line, rule) */
	size_t n_secrets, secrets_cap;
	struct licence_text *licence_texts;
	size_t n_licence_texts, licence_texts_cap;
	struct malware *malware;
	size_t n_malware, malware_cap;
	struct base_image base;
	unsigned scanners;              /* what was asked for (enum scanner): others' results are empty, not "none" */
};

void inventory_note(struct inventory *inv, ssize_t layer, struct str path, const char *fmt, ...)
        __attribute__((format(printf, 4, 5)));
/* Every package of the fold's visible files, with its layer; sorted. */
struct fold;
void inventory_add_packages(struct inventory *inv, const struct fold *f);
void inventory_sort_packages(struct inventory *inv);
/* Of sorted packages those that are one found twice in one place: the same type, name and version, from one file, or from
 * the records of two installers in one folder (Python's dist-info and egg-info). */
void inventory_merge_doubles(struct inventory *inv);
/* For packages that were renamed or added at the end: sorts, and keeps indexes (owner, needs, those of licence texts) right. */
void inventory_sort_again(struct inventory *inv);
/* Drops programs (type generic) whose file a distribution's package owns: that package is what they are. */
void inventory_drop_packaged_programs(struct inventory *inv);
/* Drops the packages of the distribution (type deb, rpm, apk, alpm, opkg) or all others. */
void inventory_keep(struct inventory *inv, bool os, bool library);
bool package_is_os(const struct package *p);
/* How many files it says it owns. */
static inline uint64_t package_files(const struct package *p)
{
	return p->n_owned ? p->n_owned : p->files_told;
}
/* package-url. Of a distribution package: pkg:deb/debian/apt@2.6.1?arch=amd64&distro=debian-12 (epoch of rpm as a
 * qualifier, upstream=NAME[@VERSION] when the source has another name or version); of others name and version, with the
 * qualifiers that their type defines from attributes of the same name. Empty without a name. */
struct str package_purl(struct arena *a, const struct package *p, const struct distribution *d);

#endif
