# Ciphertexts made by Active Record Encryption, the code of Rails itself. make.sh runs this.
#
# Usage: ruby make.rb rails-source-folder plaintexts.json output-folder
require "json"
require "logger"
require "zlib"
require "active_support/all"

rails, plaintexts_file, output = ARGV
$LOAD_PATH.unshift(File.join(rails, "activerecord", "lib"))
# Whatever Rails' own Active Support has beyond the installed one.
$LOAD_PATH.push(File.join(rails, "activesupport", "lib"))
# The rest of Active Record wants a database; these are the parts that encrypt.
module ActiveRecord; end
require "active_record/encryption"

ActiveRecord::Encryption.configure(
  primary_key: "primary key of the vectors", deterministic_key: "deterministic key of the vectors",
  key_derivation_salt: "salt of the vectors", support_sha1_for_non_deterministic_encryption: false
)
plaintexts = JSON.parse(File.read(plaintexts_file))
many = plaintexts + Array.new(60) { |index| plaintexts[2 + index % 5] }
encryptor = ActiveRecord::Encryption::Encryptor.new
deterministic = ActiveRecord::Encryption::DeterministicKeyProvider.new("deterministic key of the vectors")
vectors = many.map { |text| { variant: "default", plaintext: text, text: encryptor.encrypt(text) } } +
  plaintexts.map do |text|
    sealed = encryptor.encrypt(text, key_provider: deterministic, cipher_options: { deterministic: true })
    { variant: "deterministic", plaintext: text, text: sealed }
  end
# What adds headers: another encoding, a reference to the key, and a data key of the value's own.
sealed = ->(variant, text, **options) { { variant: variant, plaintext: text, text: encryptor.encrypt(text, **options) } }
envelope = -> { ActiveRecord::Encryption::EnvelopeEncryptionKeyProvider.new }
vectors += plaintexts.select(&:ascii_only?).map { |text| sealed.("US-ASCII", text.dup.force_encoding("US-ASCII")) }
vectors += plaintexts.map { |text| sealed.("envelope", text, key_provider: envelope.call) }
ActiveRecord::Encryption.config.store_key_references = true
referring = -> { ActiveRecord::Encryption::DerivedSecretKeyProvider.new("primary key of the vectors") }
vectors += plaintexts.map { |text| sealed.("key reference", text, key_provider: referring.call) }
vectors += plaintexts.map { |text| sealed.("envelope, key reference", text, key_provider: envelope.call) }
lines = vectors.map { |vector| "    #{JSON.generate(vector)}" }.join(",\n")
version = File.read(File.join(rails, "RAILS_VERSION")).strip
File.write(File.join(output, "rails.json"), %({\n  "madeBy": "activerecord #{version}",\n  "vectors": [\n#{lines}\n  ]\n}\n))
