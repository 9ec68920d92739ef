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

struct package {
	struct str type;                /* purl type: "deb", "rpm", "apk" */
	struct str name, version, arch;
	struct str source_name, source_version;
	struct strs licences, depends, provides;
	struct str purl;
	struct str path;                /* of the database that lists it */
	struct str analyzer;
	size_t layer;                   /* index into inventory.layers: the first from which it is there without a gap */
	const struct attr *attrs;       /* see record_package */
	size_t n_attrs;
	struct owned_file *owned;       /* the files it says it owns, with their recorded digests */
	size_t n_owned;
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
	bool database;                  /* a package database that could not be read (wholly) */
};

struct inventory {
	struct arena *arena;
	struct str target;              /* as the user typed it */
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
};

void inventory_note(struct inventory *inv, ssize_t layer, struct str path, const char *fmt, ...)
        __attribute__((format(printf, 4, 5)));
/* Every package of the fold's visible files, with its layer; sorted. */
struct fold;
void inventory_add_packages(struct inventory *inv, const struct fold *f);
void inventory_sort_packages(struct inventory *inv);
/* package-url for a distribution package: pkg:deb/debian/apt@2.6.1?arch=amd64&distro=debian-12 (purl specification,
 * with epoch for rpm as a qualifier, upstream=NAME[@VERSION] when the source has another name or version). */
struct str package_purl(struct arena *a, const struct package *p, const struct distribution *d);

#endif
