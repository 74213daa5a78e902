using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace FindMe.DemoNetworks.SigningIn;

/// <summary>The codes and tokens of one network: single use, expiry, rotation and revocation as OAuth 2 has them.</summary>
public sealed class Grants
{
    // X gives thirty seconds for a code.
    private static readonly TimeSpan CodeLifetime = TimeSpan.FromSeconds(30);

    private readonly Lock _lock = new();
    private readonly TimeProvider _time;
    private readonly Dictionary<string, Code> _codes = [];
    private readonly Dictionary<string, Token> _access = [];
    private readonly Dictionary<string, Token> _refresh = [];
    private readonly List<string> _secrets = [];
    private readonly List<string> _revoked = [];

    internal Grants(TimeProvider time) => _time = time;

    /// <summary>Every secret that was given out: codes, access and refresh tokens, client secrets.</summary>
    public IReadOnlyList<string> Secrets => Copy(_secrets);

    /// <summary>The tokens that clients have taken back.</summary>
    public IReadOnlyList<string> Revoked => Copy(_revoked);

    /// <summary>How often tokens were refreshed.</summary>
    public int Refreshes { get; private set; }

    /// <summary>How many accesses are in force.</summary>
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

    /// <summary>From now on every access token counts as expired; refresh tokens stay.</summary>
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

    /// <summary>Takes all access away, as a person does in the network's settings.</summary>
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

    /// <summary>Who a code stands for; null where anything about it is wrong. A code serves once.</summary>
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

    /// <summary>Exchanges a refresh token. One that was used before takes everything of its family away, as rotation is meant to.</summary>
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

    /// <summary>Whose access token this is; null where it is unknown, expired or revoked.</summary>
    internal string? AccountOf(string? access)
    {
        lock (_lock)
        {
            return access is not null && _access.TryGetValue(access, out var token) && token.Expires > _time.GetUtcNow() ? token.Account : null;
        }
    }

    /// <summary>The account behind the request's bearer token.</summary>
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
