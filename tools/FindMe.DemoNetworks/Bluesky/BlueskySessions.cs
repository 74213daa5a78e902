using System.Buffers.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using FindMe.DemoNetworks.Authentication;

namespace FindMe.DemoNetworks.Bluesky;

/// <summary>Sessions with app passwords, handle resolution, and the DID directory, which maps an account to its server.</summary>
internal sealed class BlueskySessions(BlueskyServer server, Scenario scenario, Grants grants, TimeProvider time)
{
    private static readonly TimeSpan AccessLifetime = TimeSpan.FromHours(2);

    public void Map(WebApplication app)
    {
        app.MapPost("/xrpc/com.atproto.server.createSession", CreateAsync).Named("createSession");
        app.MapPost("/xrpc/com.atproto.server.refreshSession", Refresh).Named("refreshSession");
        app.MapPost("/xrpc/com.atproto.server.deleteSession", Delete).Named("deleteSession");
        app.MapGet("/xrpc/com.atproto.identity.resolveHandle", (string? handle) =>
            scenario.Accounts.FirstOrDefault(account => BlueskyPosts.HandleOf(account) == handle?.ToLowerInvariant()) is { } account
                ? Results.Json(new JsonObject { ["did"] = BlueskyPosts.DidOf(account) })
                : BlueskyServer.Error(400, "InvalidRequest", "Unable to resolve handle")).Named("resolveHandle");
        // The real did:plc directory is a separate host: https://plc.directory/{did}.
        app.MapGet("/did:plc:{id}", (string id) =>
            scenario.Accounts.FirstOrDefault(account => BlueskyPosts.DidOf(account) == $"did:plc:{id}") is { } account
                ? Results.Json(DocumentOf(account))
                : Results.Json(new JsonObject { ["message"] = "DID not registered" }, statusCode: 404)).Named("directory");
    }

    /// <summary>Returns the error for a request without a valid session; null when the session is valid.</summary>
    public IResult? ProblemOf(HttpRequest request) => Grants.BearerOf(request) switch
    {
        null => BlueskyServer.Error(401, "AuthMissing", "Authentication Required"),
        var token when grants.AccountOf(token) is not null => null,
        var token when grants.Secrets.Contains(token) => BlueskyServer.Error(400, "ExpiredToken", "Token has expired"),
        _ => BlueskyServer.Error(400, "InvalidToken", "Token could not be verified"),
    };

    private async Task<IResult> CreateAsync(HttpRequest request)
    {
        var body = await request.ReadFieldsAsync();
        var identifier = body["identifier"]?.ToLowerInvariant();
        if (scenario.Accounts.FirstOrDefault(account => BlueskyPosts.HandleOf(account) == identifier || BlueskyPosts.DidOf(account) == identifier) is not { } account
            || body["password"] != account.AppPassword)
        {
            return BlueskyServer.Error(401, "AuthenticationRequired", "Invalid identifier or password");
        }

        var (access, refresh) = grants.NewTokens(account.Name, "com.atproto.appPass", AccessLifetime, NewToken);
        return Session(account, access, refresh);
    }

    private IResult Refresh(HttpRequest request) => grants.Refresh(Grants.BearerOf(request), AccessLifetime, NewToken) is var (access, refresh, name, _)
        ? Session(scenario.Accounts.First(account => account.Name == name), access, refresh)
        : BlueskyServer.Error(400, "ExpiredToken", "Token has been revoked");

    private IResult Delete(HttpRequest request)
    {
        grants.Revoke(Grants.BearerOf(request));
        return Results.Ok();
    }

    private IResult Session(ScenarioAccount account, string access, string refresh) => Results.Json(new JsonObject
    {
        ["did"] = BlueskyPosts.DidOf(account),
        ["didDoc"] = DocumentOf(account),
        ["handle"] = BlueskyPosts.HandleOf(account),
        ["emailConfirmed"] = true,
        ["emailAuthFactor"] = false,
        ["accessJwt"] = access,
        ["refreshJwt"] = refresh,
        ["active"] = true,
    });

    private JsonObject DocumentOf(ScenarioAccount account) => new()
    {
        ["@context"] = new JsonArray("https://www.w3.org/ns/did/v1", "https://w3id.org/security/multikey/v1"),
        ["id"] = BlueskyPosts.DidOf(account),
        ["alsoKnownAs"] = new JsonArray($"at://{BlueskyPosts.HandleOf(account)}"),
        ["verificationMethod"] = new JsonArray(),
        ["service"] = new JsonArray(new JsonObject
        {
            ["id"] = "#atproto_pds",
            ["type"] = "AtprotoPersonalDataServer",
            ["serviceEndpoint"] = server.Address.GetLeftPart(UriPartial.Authority),
        }),
    };

    // Looks like a JWT; clients must not parse it.
    private string NewToken() => string.Join('.', Part(new JsonObject { ["typ"] = "at+jwt", ["alg"] = "ES256K" }), Part(new JsonObject
    {
        ["scope"] = "com.atproto.appPass",
        ["iat"] = time.GetUtcNow().ToUnixTimeSeconds(),
        ["exp"] = (time.GetUtcNow() + AccessLifetime).ToUnixTimeSeconds(),
        ["jti"] = Grants.Random(12),
    }), Grants.Random(48));

    private static string Part(JsonObject json) => Base64Url.EncodeToString(JsonSerializer.SerializeToUtf8Bytes(json));
}
