using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace LocalDapr;

/// <summary>The token that callers must send, if any.</summary>
internal sealed class ApiToken(string? token)
{
    public const string Header = "dapr-api-token";

    private readonly byte[]? _token = token is null ? null : Encoding.UTF8.GetBytes(token);

    public bool IsRequired => _token is not null;

    /// <summary>Whether a request may pass: it has the token, or none is required.</summary>
    public bool IsIn(IHeaderDictionary headers) =>
        _token is null || CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(headers[Header].ToString()), _token);
}
