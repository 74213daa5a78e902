using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace FindMe.DemoNetworks.Authentication;

/// <summary>The OAuth 2 codes and tokens of one network, with single use, expiry, rotation and revocation.</summary>
public sealed class Grants
{
    // X's codes expire after thirty seconds.
    private static readonly TimeSpan CodeLifetime = TimeSpan.FromSeconds(30);

    private readonly Lock _lock = new();
    private readonly TimeProvider _time;
    private readonly Dictionary<string, Code> _codes = [];
    private readonly Dictionary<string, Token> _access = [];
    private readonly Dictionary<string, Token> _refresh = [];
    private readonly List<string> _secrets = [];
    private readonly List<string> _revoked = [];

    internal Grants(TimeProvider time) => _time = time;

    /// <summary>All secrets issued: codes, access and refresh tokens, client secrets.</summary>
    public IReadOnlyList<string> Secrets => Copy(_secrets);

    /// <summary>The tokens that clients have revoked.</summary>
    public IReadOnlyList<string> Revoked => Copy(_revoked);

    /// <summary>Number of token refreshes.</summary>
    public int Refreshes { get; private set; }

    /// <summary>Number of active grants.</summary>
    public int InForce
    {
        get
        {
            lock (_lock)
            {
                return _access.Values.Count(token => token.Expires > _time.GetUtcNow());
            }
        }
    }

    /// <summary>Expires all access tokens; refresh tokens stay valid.</summary>
    public void ExpireAccessTokens()
    {
        lock (_lock)
        {
            foreach (var name in _access.Keys.ToList())
            {
                _access[name] = _access[name] with { Expires = DateTimeOffset.MinValue };
            }
        }
    }

    /// <summary>Revokes all access, as a person does in the network's settings.</summary>
    public void RevokeAll()
    {
        lock (_lock)
        {
            _access.Clear();
            _refresh.Clear();
        }
    }

    internal string Remember(string secret)
    {
        lock (_lock)
        {
            _secrets.Add(secret);
        }

        return secret;
    }

    internal string NewCode(string account, string client, string redirect, string challenge, string scope)
    {
        var code = Remember(Random(24));
        lock (_lock)
        {
            _codes[code] = new Code(account, client, redirect, challenge, scope, _time.GetUtcNow() + CodeLifetime);
        }

        return code;
    }

    /// <summary>Exchanges a code, once; null when the code or anything in the request is invalid.</summary>
    internal (string Account, string Scope)? Redeem(string? code, string? client, string? redirect, string? verifier)
    {
        lock (_lock)
        {
            return code is not null && _codes.Remove(code, out var known)
                && known.Client == client
                && known.Redirect == redirect
                && known.Expires > _time.GetUtcNow()
                && verifier is { Length: >= 43 and <= 128 }
                && Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(verifier))) == known.Challenge
                ? (known.Account, known.Scope)
                : null;
        }
    }

    internal (string Access, string Refresh) NewTokens(string account, string scope, TimeSpan lifetime, Func<string>? name = null)
    {
        name ??= () => Random(48);
        var (access, refresh) = (Remember(name()), Remember(name()));
        var token = new Token(account, scope, _time.GetUtcNow() + lifetime, Guid.NewGuid());
        lock (_lock)
        {
            _access[access] = token;
            _refresh[refresh] = token with { Expires = DateTimeOffset.MaxValue };
        }

        return (access, refresh);
    }

    /// <summary>Exchanges a refresh token. Reusing one revokes its whole token family, as refresh token rotation requires.</summary>
    internal (string Access, string Refresh, string Account, string Scope)? Refresh(string? refresh, TimeSpan lifetime, Func<string>? name = null)
    {
        name ??= () => Random(48);
        lock (_lock)
        {
            if (refresh is null || !_refresh.TryGetValue(refresh, out var known))
            {
                return null;
            }

            if (known.Used)
            {
                Forget(token => token.Family == known.Family);
                return null;
            }

            Refreshes++;
            _refresh[refresh] = known with { Used = true };
            foreach (var old in _access.Where(entry => entry.Value.Family == known.Family).Select(entry => entry.Key).ToList())
            {
                _access.Remove(old);
            }

            var (access, next) = (name(), name());
            _secrets.AddRange([access, next]);
            _access[access] = known with { Expires = _time.GetUtcNow() + lifetime };
            _refresh[next] = known;
            return (access, next, known.Account, known.Scope);
        }
    }

    /// <summary>Returns the account of an access token; null when the token is unknown, expired or revoked.</summary>
    internal string? AccountOf(string? access)
    {
        lock (_lock)
        {
            return access is not null && _access.TryGetValue(access, out var token) && token.Expires > _time.GetUtcNow() ? token.Account : null;
        }
    }

    /// <summary>Returns the account of the request's bearer token.</summary>
    internal string? AccountOf(HttpRequest request) => AccountOf(BearerOf(request));

    internal static string? BearerOf(HttpRequest request) =>
        request.Headers.Authorization.ToString() is { } header && header.StartsWith("Bearer ", StringComparison.Ordinal) ? header["Bearer ".Length..] : null;

    internal void Revoke(string? token)
    {
        lock (_lock)
        {
            if (token is not null && (_access.TryGetValue(token, out var known) || _refresh.TryGetValue(token, out known)))
            {
                _revoked.Add(token);
                Forget(other => other.Family == known.Family);
            }
        }
    }

    private void Forget(Func<Token, bool> which)
    {
        foreach (var tokens in new[] { _access, _refresh })
        {
            foreach (var name in tokens.Where(entry => which(entry.Value)).Select(entry => entry.Key).ToList())
            {
                tokens.Remove(name);
            }
        }
    }

    private List<string> Copy(List<string> list)
    {
        lock (_lock)
        {
            return [.. list];
        }
    }

    internal static string Random(int bytes) => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(bytes));

    private sealed record Code(string Account, string Client, string Redirect, string Challenge, string Scope, DateTimeOffset Expires);

    private sealed record Token(string Account, string Scope, DateTimeOffset Expires, Guid Family, bool Used = false);
}
