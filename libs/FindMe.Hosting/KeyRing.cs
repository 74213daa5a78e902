using System.Text;
using System.Xml.Linq;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.AspNetCore.DataProtection.XmlEncryption;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace FindMe.Hosting;

/// <summary>Location and protection of the key ring. Configuration section <c>KeyRing</c>; read at startup.</summary>
public sealed class KeyRingOptions
{
    /// <summary>Name of the configuration section.</summary>
    public const string Section = "KeyRing";

    /// <summary>Folder of the key ring; must be the same for all apps. Default empty: a folder of the current user on this machine.</summary>
    public string Path { get; set; } = "";

    /// <summary>URL of an RSA key in Azure Key Vault, without a version. Default null: the ring is not encrypted, and only the permissions of its folder protect it.</summary>
    public Uri? VaultKey { get; set; }

    /// <summary>Client id of the managed identity that may wrap and unwrap with that key. Default empty: the system-assigned identity.</summary>
    public string ClientId { get; set; } = "";
}

/// <summary>The Data Protection key ring, whose keys wrap people's keys.</summary>
public static class KeyRing
{
    /// <summary>Registers the key ring for reading, encrypted by Key Vault if configured.</summary>
    /// <param name="builder">The app's builder.</param>
    public static void AddKeyRing(this WebApplicationBuilder builder)
    {
        builder.Services.Configure<KeyRingOptions>(builder.Configuration.GetSection(KeyRingOptions.Section));
        var options = builder.Configuration.GetSection(KeyRingOptions.Section).Get<KeyRingOptions>() ?? new KeyRingOptions();

        // Api wraps people's keys, Compare and Collect unwrap them: all need the same ring and application name.
        var keys = builder.Services.AddDataProtection().SetApplicationName("FindMe").DisableAutomaticKeyGeneration();

        // This logger reports an empty ring as an error at each start. Code that needs a key gets an exception anyway.
        builder.Logging.AddFilter("Microsoft.AspNetCore.DataProtection.KeyManagement.KeyRingProvider", LogLevel.None);
        if (options.Path.Length > 0)
        {
            keys.PersistKeysToFileSystem(new DirectoryInfo(options.Path));
        }

        if (options.VaultKey is { } vaultKey)
        {
            builder.Services.AddSingleton(new VaultKey(
                vaultKey, options.ClientId, builder.Configuration["IDENTITY_ENDPOINT"] ?? "", builder.Configuration["IDENTITY_HEADER"] ?? ""));
            builder.Services.AddSingleton<IConfigureOptions<KeyManagementOptions>>(services => new ConfigureOptions<KeyManagementOptions>(
                management => management.XmlEncryptor = new VaultEncryptor(services.GetRequiredService<VaultKey>())));
        }
    }

    /// <summary>Allows this app to generate keys. Call it in one app only.</summary>
    /// <remarks>
    /// Several apps starting on an empty ring would each generate a key and use it at once. The others would not find it: an app reloads the
    /// ring for an unknown key only in its first two minutes, then once a day. An app that has found no key at all reloads it every time.
    /// </remarks>
    /// <param name="services">The app's services.</param>
    public static void AddKeyGeneration(this IServiceCollection services) => services.Configure<KeyManagementOptions>(ring => ring.AutoGenerateKeys = true);
}

/// <summary>Encrypts each key of the ring with a random key, which the vault wraps. The vault's own key never leaves the vault.</summary>
internal sealed class VaultEncryptor(VaultKey vault) : IXmlEncryptor
{
    public EncryptedXmlInfo Encrypt(XElement plaintextElement)
    {
        var key = AesGcmEnvelope.NewKey();
        var envelope = AesGcmEnvelope.Encrypt(key, Encoding.UTF8.GetBytes(plaintextElement.ToString()));
        var (version, wrapped) = vault.Wrap(key);
        return new EncryptedXmlInfo(
            new XElement("vaultKey", new XAttribute("version", version), new XAttribute("wrapped", Convert.ToBase64String(wrapped)), Convert.ToBase64String(envelope)),
            typeof(VaultDecryptor));
    }
}

/// <summary>Decrypts keys from <see cref="VaultEncryptor"/>. Data Protection creates it by the type name in the ring's file.</summary>
internal sealed class VaultDecryptor(IServiceProvider services) : IXmlDecryptor
{
    public XElement Decrypt(XElement encryptedElement)
    {
        var key = services.GetRequiredService<VaultKey>()
            .Unwrap(new Uri(encryptedElement.Attribute("version")!.Value), Convert.FromBase64String(encryptedElement.Attribute("wrapped")!.Value));
        return XElement.Parse(Encoding.UTF8.GetString(AesGcmEnvelope.Decrypt(key, Convert.FromBase64String(encryptedElement.Value))));
    }
}
