using System.Buffers.Text;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace FindMe.Hosting;

/// <summary>Wraps and unwraps small secrets with a key in Azure Key Vault, over its REST API and as a managed identity.</summary>
/// <remarks>
/// Makes two calls when an app starts, and one every three months when the ring gets a new key. So it caches no token and needs no SDK.
/// Synchronous, because Data Protection calls it synchronously.
/// </remarks>
/// <param name="key">URL of the key, without a version.</param>
/// <param name="clientId">Client id of the managed identity; empty for the system-assigned one.</param>
/// <param name="identityEndpoint">Token endpoint of Container Apps: <c>IDENTITY_ENDPOINT</c>.</param>
/// <param name="identityHeader">Secret header of that endpoint: <c>IDENTITY_HEADER</c>.</param>
internal sealed class VaultKey(Uri key, string clientId, string identityEndpoint, string identityHeader) : IDisposable
{
    private const string ApiVersion = "api-version=7.4";
    private const string Algorithm = "RSA-OAEP-256";

    private readonly HttpClient _http = new(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false }) { Timeout = TimeSpan.FromSeconds(30) };

    /// <summary>Wraps a secret with the current version of the key.</summary>
    /// <returns>URL of that version, and the wrapped secret.</returns>
    /// <exception cref="CryptographicException">The vault did not respond, or denied the request.</exception>
    public (Uri Version, byte[] Wrapped) Wrap(byte[] secret)
    {
        var result = Call(key, "wrapkey", secret);
        return (new Uri(result.Kid), Base64Url.DecodeFromChars(result.Value));
    }

    /// <summary>Unwraps a secret.</summary>
    /// <param name="version">The version that <see cref="Wrap"/> returned. Versions of other keys are rejected, since the file that names them could be forged.</param>
    /// <param name="wrapped">The wrapped secret.</param>
    /// <exception cref="CryptographicException">The vault did not respond or denied the request, or the version belongs to another key.</exception>
    public byte[] Unwrap(Uri version, byte[] wrapped) =>
        version.AbsoluteUri.StartsWith(key.AbsoluteUri.TrimEnd('/') + "/", StringComparison.OrdinalIgnoreCase)
            ? Base64Url.DecodeFromChars(Call(version, "unwrapkey", wrapped).Value)
            : throw new CryptographicException($"The key ring was encrypted with {version}, which is not a version of {key}: set KeyRing:VaultKey to the key it was encrypted with.");

    public void Dispose() => _http.Dispose();

    private KeyOperationResult Call(Uri address, string operation, byte[] value)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"{address.AbsoluteUri.TrimEnd('/')}/{operation}?{ApiVersion}")
        {
            Content = JsonContent.Create(new { alg = Algorithm, value = Base64Url.EncodeToString(value) }),
        };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", Send<Token>(TokenRequest(), "get a token").AccessToken);
        return Send<KeyOperationResult>(request, $"{operation} with {key}");
    }

    private HttpRequestMessage TokenRequest()
    {
        var client = clientId.Length > 0 ? $"&client_id={Uri.EscapeDataString(clientId)}" : "";
        var request = new HttpRequestMessage(HttpMethod.Get, $"{identityEndpoint}?api-version=2019-08-01&resource=https%3A%2F%2Fvault.azure.net{client}");
        request.Headers.Add("X-IDENTITY-HEADER", identityHeader);
        return request;
    }

    private T Send<T>(HttpRequestMessage request, string action)
    {
        try
        {
            using var response = _http.Send(request);
            using var body = response.Content.ReadAsStream();
            return response.IsSuccessStatusCode
                ? JsonSerializer.Deserialize<T>(body) ?? throw new JsonException()
                : throw new CryptographicException($"Could not {action}: {(int)response.StatusCode}.");
        }
        catch (Exception exception) when (exception is HttpRequestException or TaskCanceledException or JsonException)
        {
            throw new CryptographicException($"Could not {action}.", exception);
        }
    }

    private sealed record KeyOperationResult([property: JsonPropertyName("kid")] string Kid, [property: JsonPropertyName("value")] string Value);

    private sealed record Token([property: JsonPropertyName("access_token")] string AccessToken);
}
