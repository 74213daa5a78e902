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

/// <summary>Where the key ring lies and what protects it. Section <c>KeyRing</c> of the configuration; checked at start.</summary>
public sealed class KeyRingOptions
{
    /// <summary>The configuration section these are read from.</summary>
    public const string Section = "KeyRing";

    /// <summary>The folder of the ring, the same for all apps. Default empty: the user's own folder, which other machines do not see.</summary>
    public string Path { get; set; } = "";

    /// <summary>The address of an RSA key in an Azure Key Vault, without a version. Default null: the ring lies as it is, and its folder is all that protects it.</summary>
    public Uri? VaultKey { get; set; }

    /// <summary>The client id of the managed identity that may wrap and unwrap with that key. Default empty: the machine's own identity.</summary>
    public string ClientId { get; set; } = "";
}

/// <summary>The ring of keys that wraps people's keys.</summary>
public static class KeyRing
{
    /// <summary>Registers the ring, to be read: where it lies, and that a key vault wraps it where one is configured.</summary>
    /// <param name="builder">The app's builder.</param>
    public static void AddKeyRing(this WebApplicationBuilder builder)
    {
        builder.Services.Configure<KeyRingOptions>(builder.Configuration.GetSection(KeyRingOptions.Section));
        var options = builder.Configuration.GetSection(KeyRingOptions.Section).Get<KeyRingOptions>() ?? new KeyRingOptions();

        // Api wraps people's keys, Compare and Collect unwrap them: all must see the same ring under the same name.
        var keys = builder.Services.AddDataProtection().SetApplicationName("FindMe").DisableAutomaticKeyGeneration();

        // Until there is a key it would call the empty ring an error at each start. Whoever reads from it in vain gets the exception itself.
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

    /// <summary>Lets this app make the ring's keys, which one app alone does.</summary>
    /// <remarks>
    /// Several that start at once on an empty ring would each make a key and use it at once, and an app looks for a key that it does not
    /// know in its first two minutes only, then once a day. One that has found no key at all looks each time.
    /// </remarks>
    /// <param name="services">The app's services.</param>
    public static void AddKeyGeneration(this IServiceCollection services) => services.Configure<KeyManagementOptions>(ring => ring.AutoGenerateKeys = true);
}

/// <summary>Encrypts a key of the ring under a random key of its own, which the vault wraps: the vault's key never leaves the vault.</summary>
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

/// <summary>Decrypts what <see cref="VaultEncryptor"/> made. Data Protection makes it from the name in the ring's file.</summary>
internal sealed class VaultDecryptor(IServiceProvider services) : IXmlDecryptor
{
    public XElement Decrypt(XElement encryptedElement)
    {
        var key = services.GetRequiredService<VaultKey>()
            .Unwrap(new Uri(encryptedElement.Attribute("version")!.Value), Convert.FromBase64String(encryptedElement.Attribute("wrapped")!.Value));
        return XElement.Parse(Encoding.UTF8.GetString(AesGcmEnvelope.Decrypt(key, Convert.FromBase64String(encryptedElement.Value))));
    }
}
