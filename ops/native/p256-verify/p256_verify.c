/*
 * ECDSA on P-256 with SHA-256 under a key given as its uncompressed point, on the OpenSSL that Node.js itself carries
 * and exports. One function:
 *
 *   verify(point: Uint8Array(65), data: Uint8Array, signature: Uint8Array(64)) => boolean
 *
 * True only for a signature r||s over SHA-256(data) by a point on the curve. Octets of another length or form, a
 * point off the curve or at infinity, r or s out of range: false. Arguments of another type throw TypeError; what
 * OpenSSL cannot do for want of memory throws Error.
 *
 * Why it exists: importing a key that is seen for the first time costs Node's own ways as much as the verification
 * (no way leads past a provider's key management). Here one EC_KEY a thread takes one point after another.
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

enum { POINT_OCTETS = 65, SIGNATURE_OCTETS = 64, SCALAR_OCTETS = 32, HASH_OCTETS = 32 };

typedef struct {
  EC_KEY *key;
  EC_POINT *point;
  EVP_MD *sha256;
  BN_CTX *numbers;
} Instance;

static void release(napi_env env, void *data, void *hint) {
  Instance *instance = data;
  (void)env;
  (void)hint;
  EC_KEY_free(instance->key);
  EC_POINT_free(instance->point);
  EVP_MD_free(instance->sha256);
  BN_CTX_free(instance->numbers);
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

static napi_value verify(napi_env env, napi_callback_info info) {
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
  verdict = judge(own, &point, &data, &signature);
  /* Node reads the thread's error queue after its own calls: nothing of ours may stay in it. */
  if (verdict != VALID) ERR_clear_error();
  if (verdict == FAILED) {
    napi_throw_error(env, NULL, "OpenSSL could not verify");
    return NULL;
  }
  napi_get_boolean(env, verdict == VALID, &answer);
  return answer;
}

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
      napi_set_named_property(env, exports, "verify", function) != napi_ok)
    return NULL;
  return exports;
}

NAPI_MODULE_INIT() { return start(env, exports); }
