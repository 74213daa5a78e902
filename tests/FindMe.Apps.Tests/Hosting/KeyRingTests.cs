using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using FindMe.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace FindMe.Apps.Tests.Hosting;

public sealed class KeyRingTests
{
    [Fact]
    public async Task What_Api_protects_Compare_reads_through_the_vault_and_the_ring_alone_opens_nothing()
    {
        await using var vault = await Vault.StartAsync();
        using var folder = new TemporaryFolder();
        var ring = folder.Folder("keys");
        string secret;
        await using (var api = AppWith(vault, ring, makesKeys: true))
        {
            secret = Protector(api).Protect("a person's key");
        }

        await using (var compare = AppWith(vault, ring))
        {
            Assert.Equal("a person's key", Protector(compare).Unprotect(secret));
        }

        var file = await File.ReadAllTextAsync(Assert.Single(Directory.GetFiles(ring)), TestContext.Current.CancellationToken);
        Assert.Contains("<vaultKey", file, StringComparison.Ordinal);
        Assert.DoesNotContain("<masterKey", file, StringComparison.Ordinal);
        Assert.Contains("/wrapkey", vault.Asked);
        Assert.Contains("/unwrapkey", vault.Asked);
        await using var thief = AppWith(vault, ring, identityHeader: "stolen");
        Assert.ThrowsAny<CryptographicException>(() => Protector(thief).Unprotect(secret));
    }

    [Fact]
    public async Task Who_only_reads_makes_no_key_and_finds_the_one_that_Api_makes_later()
    {
        await using var vault = await Vault.StartAsync();
        using var folder = new TemporaryFolder();
        var ring = folder.Folder("keys");
        await using var compare = AppWith(vault, ring);
        Assert.ThrowsAny<CryptographicException>(() => Protector(compare).Protect("too early"));
        Assert.Empty(Directory.GetFiles(ring));

        await using var api = AppWith(vault, ring, makesKeys: true);
        var secret = Protector(api).Protect("a person's key");

        Assert.Equal("a person's key", Protector(compare).Unprotect(secret));
        Assert.Single(Directory.GetFiles(ring));
    }

    [Fact]
    public async Task A_vault_that_does_not_answer_is_asked_again_and_no_key_is_made_meanwhile()
    {
        await using var vault = await Vault.StartAsync();
        using var folder = new TemporaryFolder();
        var ring = folder.Folder("keys");
        await using var api = AppWith(vault, ring, makesKeys: true);
        var secret = Protector(api).Protect("a person's key");
        await using var compare = AppWith(vault, ring);
        vault.IsDown = true;
        Assert.ThrowsAny<CryptographicException>(() => Protector(compare).Unprotect(secret));

        vault.IsDown = false;

        Assert.Equal("a person's key", Protector(compare).Unprotect(secret));
        Assert.Single(Directory.GetFiles(ring));
    }

    [Fact]
    public async Task A_ring_that_names_another_vault_is_not_sent_there()
    {
        await using var vault = await Vault.StartAsync();
        using var key = new VaultKey(new Uri(vault.Address, "/keys/key-ring"), "", $"{vault.Address}token", Vault.Secret);
        var (version, wrapped) = key.Wrap([1, 2, 3]);

        Assert.Equal([1, 2, 3], key.Unwrap(version, wrapped));
        Assert.Throws<CryptographicException>(() => key.Unwrap(new Uri("https://elsewhere.example/keys/key-ring/1"), wrapped));
        Assert.Throws<CryptographicException>(() => key.Unwrap(new Uri(vault.Address, "/keys/key-ring2/1"), wrapped));
    }

    [Fact]
    public async Task A_ring_whose_file_names_the_decryptor_by_its_former_name_still_opens()
    {
        await using var vault = await Vault.StartAsync();
        using var folder = new TemporaryFolder();
        var ring = folder.Folder("keys");
        string secret;
        await using (var api = AppWith(vault, ring, makesKeys: true))
        {
            secret = Protector(api).Protect("a person's key");
        }

        var file = Assert.Single(Directory.GetFiles(ring));
        var text = await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken);
        Assert.Contains("FindMe.Hosting.VaultDecryptor, FindMe.Hosting,", text, StringComparison.Ordinal);
        await File.WriteAllTextAsync(
            file,
            text.Replace("FindMe.Hosting.VaultDecryptor, FindMe.Hosting,", "FindMe.Pipeline.VaultDecryptor, FindMe.Pipeline,", StringComparison.Ordinal),
            TestContext.Current.CancellationToken);

        await using var compare = AppWith(vault, ring);
        Assert.Equal("a person's key", Protector(compare).Unprotect(secret));
    }

    private static WebApplication AppWith(Vault vault, string ring, string identityHeader = Vault.Secret, bool makesKeys = false)
    {
        var builder = WebApplication.CreateBuilder(
        [
            $"--KeyRing:Path={ring}", $"--KeyRing:VaultKey={vault.Address}keys/key-ring", "--KeyRing:ClientId=the-keys-identity",
            $"--IDENTITY_ENDPOINT={vault.Address}token", $"--IDENTITY_HEADER={identityHeader}",
        ]);
        builder.Logging.ClearProviders();
        builder.AddKeyRing();
        if (makesKeys)
        {
            builder.Services.AddKeyGeneration();
        }

        return builder.Build();
    }

    private static IDataProtector Protector(WebApplication app) => app.Services.GetRequiredService<IDataProtectionProvider>().CreateProtector("test");

    /// <summary>Behaves as Azure Key Vault's wrapkey and unwrapkey and as the identity endpoint of Container Apps do.</summary>
    private sealed class Vault : IAsyncDisposable
    {
        public const string Secret = "this-replica";

        private readonly RSA _rsa = RSA.Create(2048);
        private readonly ConcurrentQueue<string> _asked = new();
        private readonly WebApplication _app;

        private Vault(WebApplication app) => _app = app;

        public Uri Address => new(_app.Urls.Single());

        public bool IsDown { get; set; }

        public string Asked => string.Join(' ', _asked);

        public static async Task<Vault> StartAsync()
        {
            var builder = WebApplication.CreateSlimBuilder();
            builder.Logging.ClearProviders();
            builder.WebHost.UseUrls("http://127.0.0.1:0");
            var vault = new Vault(builder.Build());
            vault._app.MapGet("/token", (HttpRequest request) => request.Headers["X-IDENTITY-HEADER"] == Secret && request.Query["resource"] == "https://vault.azure.net"
                ? Results.Json(new { access_token = "a-token" })
                : Results.StatusCode(403));
            vault._app.MapPost("/keys/key-ring/wrapkey", (HttpRequest request, JsonObject body) => vault.Answer(request, body, vault._rsa.Encrypt));
            vault._app.MapPost("/keys/key-ring/1/unwrapkey", (HttpRequest request, JsonObject body) => vault.Answer(request, body, vault._rsa.Decrypt));
            await vault._app.StartAsync();
            return vault;
        }

        public async ValueTask DisposeAsync()
        {
            await _app.DisposeAsync();
            _rsa.Dispose();
        }

        private IResult Answer(HttpRequest request, JsonObject body, Func<byte[], RSAEncryptionPadding, byte[]> work)
        {
            _asked.Enqueue(request.Path);
            return IsDown ? Results.StatusCode(503) : request.Headers.Authorization == "Bearer a-token" && request.Query["api-version"] == "7.4" && (string?)body["alg"] == "RSA-OAEP-256"
                ? Results.Json(new
                {
                    kid = $"{Address}keys/key-ring/1",
                    value = Base64Url.EncodeToString(work(Base64Url.DecodeFromChars((string)body["value"]!), RSAEncryptionPadding.OaepSHA256)),
                })
                : Results.StatusCode(401);
        }
    }
}
