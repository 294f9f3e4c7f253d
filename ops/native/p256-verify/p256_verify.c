/*
 * ECDSA on P-256 with SHA-256 under a key given as its uncompressed point, on the OpenSSL that Node.js itself carries
 * and exports. Two functions with one answer:
 *
 *   verify(point: Uint8Array(65), data: Uint8Array, signature: Uint8Array(64)) => boolean
 *   verifyOften(the same)
 *
 * True only for a signature r||s over SHA-256(data) by a point on the curve. Octets of another length or form, a
 * point off the curve or at infinity, r or s out of range: false. Arguments of another type throw TypeError; what
 * OpenSSL cannot do for want of memory throws Error.
 *
 * Why it exists: importing a key that is seen for the first time costs Node's own ways as much as the verification
 * (no way leads past a provider's key management). Here one EC_KEY a thread takes one point after another.
 *
 * `verifyOften` is for keys that sign by the thousand, as issuers do. A verification is u1 G + u2 Q; OpenSSL carries
 * a table of multiples of G and can make one for any other generator (EC_GROUP_precompute_mult). With Q in the place of
 * the generator the second product costs as little as the first. The equation (FIPS 186-4 6.4, SEC 1 4.1.4) is then
 * worked out here on OpenSSL's numbers and points; nothing in it is secret.
 *
 * Every value of a call lives in it or in the thread's own instance data; nothing is shared between threads.
 */
#define OPENSSL_API_COMPAT 10101
#define OPENSSL_SUPPRESS_DEPRECATED
#define NAPI_VERSION 8

#include <node_api.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/obj_mac.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { POINT_OCTETS = 65, SIGNATURE_OCTETS = 64, SCALAR_OCTETS = 32, HASH_OCTETS = 32 };

/*
 * Keys with a table, 150 kB each: those of a few issuers. A table takes as long as some hundred verifications, so a key
 * gets one once it has been asked for that often; among more keys than places the one unused for longest goes.
 */
enum { KEPT_KEYS = 8, ASKED_FOR_TABLE = 200 };

typedef struct {
  unsigned char point[POINT_OCTETS];
  unsigned long asked;
  unsigned long last;
  EC_GROUP *group; /* NULL until it has its table */
} Kept;

typedef struct {
  EC_KEY *key;
  EC_POINT *point;
  EVP_MD *sha256;
  BN_CTX *numbers;
  Kept kept[KEPT_KEYS];
  unsigned long calls;
} Instance;

static void release(napi_env env, void *data, void *hint) {
  Instance *instance = data;
  (void)env;
  (void)hint;
  EC_KEY_free(instance->key);
  EC_POINT_free(instance->point);
  EVP_MD_free(instance->sha256);
  BN_CTX_free(instance->numbers);
  for (int i = 0; i < KEPT_KEYS; i++) EC_GROUP_free(instance->kept[i].group);
  free(instance);
}

typedef struct {
  const unsigned char *octets;
  size_t length;
} Octets;

/* A view of a Uint8Array's own memory, good until the call returns to JavaScript. */
static bool octets_of(napi_env env, napi_value value, Octets *view) {
  bool is_typed = false;
  napi_typedarray_type type;
  void *memory = NULL;
  if (napi_is_typedarray(env, value, &is_typed) != napi_ok || !is_typed) return false;
  if (napi_get_typedarray_info(env, value, &type, &view->length, &memory, NULL, NULL) != napi_ok) return false;
  if (type != napi_uint8_array) return false;
  view->octets = memory;
  return true;
}

typedef enum { VALID, NOT_VALID, FAILED } Verdict;

static Verdict judge(Instance *own, const Octets *point, const Octets *data, const Octets *signature) {
  const EC_GROUP *group = EC_KEY_get0_group(own->key);
  unsigned char hash[HASH_OCTETS];
  unsigned int hash_octets = 0;
  Verdict verdict = FAILED;
  BIGNUM *r = NULL;
  BIGNUM *s = NULL;
  ECDSA_SIG *rs = NULL;

  if (point->length != POINT_OCTETS || point->octets[0] != POINT_CONVERSION_UNCOMPRESSED ||
      signature->length != SIGNATURE_OCTETS)
    return NOT_VALID;
  /* Refuses what is not on the curve. */
  if (EC_POINT_oct2point(group, own->point, point->octets, point->length, own->numbers) != 1) return NOT_VALID;
  if (EC_KEY_set_public_key(own->key, own->point) != 1) return FAILED;
  if (EVP_Digest(data->octets, data->length, hash, &hash_octets, own->sha256, NULL) != 1) return FAILED;

  r = BN_bin2bn(signature->octets, SCALAR_OCTETS, NULL);
  s = BN_bin2bn(signature->octets + SCALAR_OCTETS, SCALAR_OCTETS, NULL);
  rs = ECDSA_SIG_new();
  if (r != NULL && s != NULL && rs != NULL && ECDSA_SIG_set0(rs, r, s) == 1) {
    r = NULL;
    s = NULL;
    /* 1: valid; 0: not; -1: r or s out of range, or a fault. Either way it is not known to be valid. */
    verdict = ECDSA_do_verify(hash, (int)hash_octets, rs, own->key) == 1 ? VALID : NOT_VALID;
  }
  BN_free(r);
  BN_free(s);
  ECDSA_SIG_free(rs);
  return verdict;
}

/* A copy of the curve whose generator is the point, with the table of its multiples; NULL if there is none to be had. */
static EC_GROUP *with_table(Instance *own, const Octets *point) {
  const EC_GROUP *curve = EC_KEY_get0_group(own->key);
  EC_GROUP *group = NULL;
  if (EC_POINT_oct2point(curve, own->point, point->octets, point->length, own->numbers) != 1) return NULL;
  group = EC_GROUP_dup(curve);
  if (group == NULL ||
      EC_GROUP_set_generator(group, own->point, EC_GROUP_get0_order(curve), EC_GROUP_get0_cofactor(curve)) != 1 ||
      EC_GROUP_precompute_mult(group, own->numbers) != 1 || EC_GROUP_have_precompute_mult(group) != 1) {
    EC_GROUP_free(group);
    return NULL;
  }
  return group;
}

/* The group of a key that was asked for often enough; NULL for others. */
static const EC_GROUP *kept_group(Instance *own, const Octets *point) {
  Kept *oldest = &own->kept[0];
  if (point->length != POINT_OCTETS || point->octets[0] != POINT_CONVERSION_UNCOMPRESSED) return NULL;
  own->calls++;
  for (int i = 0; i < KEPT_KEYS; i++) {
    Kept *one = &own->kept[i];
    if (one->last != 0 && memcmp(one->point, point->octets, POINT_OCTETS) == 0) {
      one->last = own->calls;
      if (one->asked < ASKED_FOR_TABLE && ++one->asked == ASKED_FOR_TABLE) one->group = with_table(own, point);
      return one->group;
    }
    if (one->last < oldest->last) oldest = one;
  }
  EC_GROUP_free(oldest->group);
  memcpy(oldest->point, point->octets, POINT_OCTETS);
  oldest->asked = 1;
  oldest->last = own->calls;
  oldest->group = NULL;
  return NULL;
}

/* FIPS 186-4 6.4.2 with the key as the generator of `keyed`. */
static Verdict judge_often(Instance *own, const EC_GROUP *keyed, const Octets *data, const Octets *signature) {
  const EC_GROUP *curve = EC_KEY_get0_group(own->key);
  const BIGNUM *n = EC_GROUP_get0_order(curve);
  unsigned char hash[HASH_OCTETS];
  unsigned int hash_octets = 0;
  Verdict verdict = FAILED;
  EC_POINT *sum = EC_POINT_new(curve);
  BIGNUM *r, *s, *u1, *u2, *x;

  BN_CTX_start(own->numbers);
  r = BN_CTX_get(own->numbers);
  s = BN_CTX_get(own->numbers);
  u1 = BN_CTX_get(own->numbers);
  u2 = BN_CTX_get(own->numbers);
  x = BN_CTX_get(own->numbers);
  if (signature->length != SIGNATURE_OCTETS) {
    verdict = NOT_VALID;
    goto done;
  }
  if (sum == NULL || x == NULL || EVP_Digest(data->octets, data->length, hash, &hash_octets, own->sha256, NULL) != 1 ||
      BN_bin2bn(signature->octets, SCALAR_OCTETS, r) == NULL ||
      BN_bin2bn(signature->octets + SCALAR_OCTETS, SCALAR_OCTETS, s) == NULL ||
      BN_bin2bn(hash, HASH_OCTETS, u1) == NULL)
    goto done;
  if (BN_is_zero(r) || BN_is_zero(s) || BN_cmp(r, n) >= 0 || BN_cmp(s, n) >= 0) {
    verdict = NOT_VALID;
    goto done;
  }
  /* n is prime and 0 < s < n: the inverse exists. The hash is as long as n: no bits of it are cut off. */
  if (BN_mod_inverse(s, s, n, own->numbers) == NULL || BN_mod_mul(u1, u1, s, n, own->numbers) != 1 ||
      BN_mod_mul(u2, r, s, n, own->numbers) != 1 || EC_POINT_mul(curve, sum, u1, NULL, NULL, own->numbers) != 1 ||
      EC_POINT_mul(keyed, own->point, u2, NULL, NULL, own->numbers) != 1 ||
      EC_POINT_add(curve, sum, sum, own->point, own->numbers) != 1)
    goto done;
  if (EC_POINT_is_at_infinity(curve, sum) == 1) {
    verdict = NOT_VALID;
    goto done;
  }
  if (EC_POINT_get_affine_coordinates(curve, sum, x, NULL, own->numbers) != 1 ||
      BN_nnmod(x, x, n, own->numbers) != 1)
    goto done;
  verdict = BN_cmp(x, r) == 0 ? VALID : NOT_VALID;
done:
  BN_CTX_end(own->numbers);
  EC_POINT_free(sum);
  return verdict;
}

static napi_value answer_to(napi_env env, napi_callback_info info, bool often) {
  const EC_GROUP *keyed = NULL;
  napi_value arguments[3];
  size_t count = 3;
  Octets point;
  Octets data;
  Octets signature;
  void *own = NULL;
  napi_value answer = NULL;
  Verdict verdict;

  if (napi_get_cb_info(env, info, &count, arguments, NULL, NULL) != napi_ok || count != 3 ||
      !octets_of(env, arguments[0], &point) || !octets_of(env, arguments[1], &data) ||
      !octets_of(env, arguments[2], &signature)) {
    napi_throw_type_error(env, NULL, "point, data and signature are Uint8Arrays");
    return NULL;
  }
  if (napi_get_instance_data(env, &own) != napi_ok || own == NULL) {
    napi_throw_error(env, NULL, "the verifier is not set up");
    return NULL;
  }
  if (often) keyed = kept_group(own, &point);
  verdict = keyed != NULL ? judge_often(own, keyed, &data, &signature) : judge(own, &point, &data, &signature);
  /* Node reads the thread's error queue after its own calls: nothing of ours may stay in it. */
  if (verdict != VALID) ERR_clear_error();
  if (verdict == FAILED) {
    napi_throw_error(env, NULL, "OpenSSL could not verify");
    return NULL;
  }
  napi_get_boolean(env, verdict == VALID, &answer);
  return answer;
}

static napi_value verify(napi_env env, napi_callback_info info) { return answer_to(env, info, false); }

static napi_value verify_often(napi_env env, napi_callback_info info) { return answer_to(env, info, true); }

static napi_value start(napi_env env, napi_value exports) {
  napi_value function;
  Instance *own = calloc(1, sizeof *own);
  if (own != NULL) {
    own->key = EC_KEY_new_by_curve_name(NID_X9_62_prime256v1);
    own->point = own->key == NULL ? NULL : EC_POINT_new(EC_KEY_get0_group(own->key));
    own->sha256 = EVP_MD_fetch(NULL, "SHA2-256", NULL);
    own->numbers = BN_CTX_new();
  }
  if (own == NULL || own->key == NULL || own->point == NULL || own->sha256 == NULL || own->numbers == NULL) {
    if (own != NULL) release(env, own, NULL);
    napi_throw_error(env, NULL, "OpenSSL offers no P-256 or no SHA-256");
    return NULL;
  }
  if (napi_set_instance_data(env, own, release, NULL) != napi_ok) {
    release(env, own, NULL);
    return NULL;
  }
  if (napi_create_function(env, "verify", NAPI_AUTO_LENGTH, verify, NULL, &function) != napi_ok ||
      napi_set_named_property(env, exports, "verify", function) != napi_ok ||
      napi_create_function(env, "verifyOften", NAPI_AUTO_LENGTH, verify_often, NULL, &function) != napi_ok ||
      napi_set_named_property(env, exports, "verifyOften", function) != napi_ok)
    return NULL;
  return exports;
}

NAPI_MODULE_INIT() { return start(env, exports); }
