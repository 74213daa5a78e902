using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace LocalDapr;

/// <summary>Checks the token of callers; null accepts every caller.</summary>
internal sealed class ApiToken(string? token)
{
    public const string Header = "dapr-api-token";

    private readonly byte[]? _token = token is null ? null : Encoding.UTF8.GetBytes(token);

    public bool IsRequired => _token is not null;

    /// <summary>Whether the headers hold the token, or no token is required.</summary>
    public bool IsIn(IHeaderDictionary headers) =>
        _token is null || CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(headers[Header].ToString()), _token);
}
