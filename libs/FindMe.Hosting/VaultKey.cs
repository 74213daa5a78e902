using System.Buffers.Text;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace FindMe.Hosting;

/// <summary>A key in an Azure Key Vault that wraps and unwraps small secrets by its REST API, as a managed identity.</summary>
/// <remarks>
/// Two calls when an app starts and one when the ring gets a new key, every three months: hence no token is kept, and no SDK brought in.
/// Data Protection asks synchronously.
/// </remarks>
/// <param name="key">The key's address, without a version.</param>
/// <param name="clientId">The identity's client id; empty: the machine's own.</param>
/// <param name="identityEndpoint">Where Container Apps hands out tokens: <c>IDENTITY_ENDPOINT</c>.</param>
/// <param name="identityHeader">What it wants to see for it: <c>IDENTITY_HEADER</c>.</param>
internal sealed class VaultKey(Uri key, string clientId, string identityEndpoint, string identityHeader) : IDisposable
{
    private const string ApiVersion = "api-version=7.4";
    private const string Algorithm = "RSA-OAEP-256";

    private readonly HttpClient _http = new(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false }) { Timeout = TimeSpan.FromSeconds(30) };

    /// <summary>Wraps a secret with the key's present version.</summary>
    /// <returns>That version's address, and the wrapped secret.</returns>
    /// <exception cref="CryptographicException">The vault did not answer, or refused.</exception>
    public (Uri Version, byte[] Wrapped) Wrap(byte[] secret)
    {
        var answer = Ask(key, "wrapkey", secret);
        return (new Uri(answer.Kid), Base64Url.DecodeFromChars(answer.Value));
    }

    /// <summary>Unwraps a secret.</summary>
    /// <param name="version">What <see cref="Wrap"/> said; a version of another key is refused, since the file that names it may be forged.</param>
    /// <param name="wrapped">The wrapped secret.</param>
    /// <exception cref="CryptographicException">The vault did not answer, or refused, or the version is not of this key.</exception>
    public byte[] Unwrap(Uri version, byte[] wrapped) =>
        version.AbsoluteUri.StartsWith(key.AbsoluteUri.TrimEnd('/') + "/", StringComparison.OrdinalIgnoreCase)
            ? Base64Url.DecodeFromChars(Ask(version, "unwrapkey", wrapped).Value)
            : throw new CryptographicException($"The key ring was wrapped by {version.Host}, not by {key}.");

    public void Dispose() => _http.Dispose();

    private Answer Ask(Uri address, string operation, byte[] value)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"{address.AbsoluteUri.TrimEnd('/')}/{operation}?{ApiVersion}")
        {
            Content = JsonContent.Create(new { alg = Algorithm, value = Base64Url.EncodeToString(value) }),
        };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", Read<Token>(TokenRequest(), "ask for a token").AccessToken);
        return Read<Answer>(request, $"{operation} with {key}");
    }

    private HttpRequestMessage TokenRequest()
    {
        var client = clientId.Length > 0 ? $"&client_id={Uri.EscapeDataString(clientId)}" : "";
        var request = new HttpRequestMessage(HttpMethod.Get, $"{identityEndpoint}?api-version=2019-08-01&resource=https%3A%2F%2Fvault.azure.net{client}");
        request.Headers.Add("X-IDENTITY-HEADER", identityHeader);
        return request;
    }

    private T Read<T>(HttpRequestMessage request, string what)
    {
        try
        {
            using var response = _http.Send(request);
            using var body = response.Content.ReadAsStream();
            return response.IsSuccessStatusCode
                ? JsonSerializer.Deserialize<T>(body) ?? throw new JsonException()
                : throw new CryptographicException($"Could not {what}: {(int)response.StatusCode}.");
        }
        catch (Exception exception) when (exception is HttpRequestException or TaskCanceledException or JsonException)
        {
            throw new CryptographicException($"Could not {what}.", exception);
        }
    }

    private sealed record Answer([property: JsonPropertyName("kid")] string Kid, [property: JsonPropertyName("value")] string Value);

    private sealed record Token([property: JsonPropertyName("access_token")] string AccessToken);
}
