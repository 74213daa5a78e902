using System.Text.Json.Nodes;
using FindMe.DemoNetworks.Authentication;

namespace FindMe.DemoNetworks.Mastodon;

/// <summary>Sign-in on an instance: the app registers itself, the person authorizes it, and the code is exchanged for a token that does not expire.</summary>
/// <remarks>Implements docs.joinmastodon.org: methods/apps, methods/oauth, api/oauth-scopes.</remarks>
internal sealed class MastodonSignIn(MastodonInstance instance, Scenario scenario, MastodonFederation federation, Grants grants)
{
    // Mastodon's tokens do not expire.
    private static readonly TimeSpan Lifetime = TimeSpan.FromDays(3650);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, App> _apps = [];

    public void Map(WebApplication app)
    {
        app.MapPost("/api/v1/apps", RegisterAsync).Named("apps");
        app.MapGet("/.well-known/oauth-authorization-server", Describe).Named("metadata");
        app.MapGet("/oauth/authorize", (HttpRequest request) => Check(request, (client, query) =>
            ConsentPage.Show("Mastodon", client.Name, query["scope"].ToString(), scenario.Accounts))).Named("authorize");
        app.MapPost("/oauth/authorize", (Delegate)AnswerAsync).Named("authorize");
        app.MapPost("/oauth/token", TokenAsync).Named("token");
        app.MapPost("/oauth/revoke", RevokeAsync).Named("revoke");
        app.MapGet("/api/v1/accounts/verify_credentials", (HttpRequest request) =>
            Account(request) is { } account ? Results.Json(federation.ToJson(account, instance, instance)) : MastodonInstance.Error(401, "The access token is invalid")).Named("me");
        app.MapGet("/oauth/userinfo", (HttpRequest request) => Account(request) is { } account ? Results.Json(UserInfo(account)) : MastodonInstance.Error(401, "The access token is invalid")).Named("userinfo");
    }

    private async Task<IResult> RegisterAsync(HttpRequest request)
    {
        var body = await request.ReadFieldsAsync();
        var redirects = body.Values("redirect_uris").SelectMany(value => value.Split('\n', StringSplitOptions.RemoveEmptyEntries)).ToArray();
        if (body["client_name"] is not { Length: > 0 } name || redirects.Length == 0)
        {
            return MastodonInstance.Error(422, "Validation failed: Application name can't be blank, Redirect URI can't be blank");
        }

        var scopes = body["scopes"] ?? "read";
        var app = new App(Grants.Random(32), grants.Remember(Grants.Random(32)), name, redirects, scopes.Split(' '));
        lock (_lock)
        {
            _apps[app.Id] = app;
        }

        return Results.Json(new JsonObject
        {
            ["id"] = $"{_apps.Count}",
            ["name"] = name,
            ["website"] = body["website"],
            ["scopes"] = new JsonArray([.. app.Scopes.Select(scope => (JsonNode)scope)]),
            ["redirect_uris"] = new JsonArray([.. redirects.Select(redirect => (JsonNode)redirect)]),
            ["redirect_uri"] = string.Join('\n', redirects),
            ["client_id"] = app.Id,
            ["client_secret"] = app.Secret,
            ["client_secret_expires_at"] = 0,
        });
    }

    private IResult Describe()
    {
        var issuer = instance.Address.AbsoluteUri;
        return Results.Json(new JsonObject
        {
            ["issuer"] = issuer,
            ["service_documentation"] = "https://docs.joinmastodon.org/",
            ["authorization_endpoint"] = issuer + "oauth/authorize",
            ["token_endpoint"] = issuer + "oauth/token",
            ["app_registration_endpoint"] = issuer + "api/v1/apps",
            ["revocation_endpoint"] = issuer + "oauth/revoke",
            ["userinfo_endpoint"] = issuer + "oauth/userinfo",
            ["scopes_supported"] = new JsonArray("read", "profile", "read:accounts", "read:statuses"),
            ["response_types_supported"] = new JsonArray("code"),
            ["response_modes_supported"] = new JsonArray("query", "fragment", "form_post"),
            ["token_endpoint_auth_methods_supported"] = new JsonArray("client_secret_basic", "client_secret_post"),
            ["grant_types_supported"] = new JsonArray("authorization_code", "client_credentials"),
            ["code_challenge_methods_supported"] = new JsonArray("S256"),
        });
    }

    private IResult Check(HttpRequest request, Func<App, IQueryCollection, IResult> answer) =>
        Find(request.Query["client_id"]) is not { } client ? Invalid("invalid_client")
        : !client.Redirects.Contains(request.Query["redirect_uri"].ToString()) ? Invalid("invalid_redirect_uri")
        : request.Query["scope"].ToString().Split(' ').Except(client.Scopes).Any() ? Invalid("invalid_scope")
        : ConsentPage.ProblemOf(request.Query) is { } problem ? Invalid(problem)
        : answer(client, request.Query);

    private Task<IResult> AnswerAsync(HttpContext context) =>
        Find(context.Request.Query["client_id"])?.Redirects.Contains(context.Request.Query["redirect_uri"].ToString()) == true
            ? ConsentPage.AnswerAsync(context, grants)
            : Task.FromResult(Invalid("invalid_client"));

    private async Task<IResult> TokenAsync(HttpRequest request)
    {
        var body = await request.ReadFieldsAsync();
        if (Find(body["client_id"]) is not { } client || client.Secret != body["client_secret"])
        {
            return Invalid("invalid_client", 401);
        }

        if (body["grant_type"] != "authorization_code" || grants.Redeem(body["code"], client.Id, body["redirect_uri"], body["code_verifier"]) is not var (account, scope))
        {
            return Invalid("invalid_grant");
        }

        var (access, _) = grants.NewTokens(account, scope, Lifetime);
        return Results.Json(new JsonObject
        {
            ["access_token"] = access,
            ["token_type"] = "Bearer",
            ["scope"] = scope,
            ["created_at"] = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds(),
        });
    }

    private async Task<IResult> RevokeAsync(HttpRequest request)
    {
        var body = await request.ReadFieldsAsync();
        if (Find(body["client_id"]) is not { } client || client.Secret != body["client_secret"])
        {
            return Results.Json(new JsonObject { ["error"] = "unauthorized_client", ["error_description"] = "You are not authorized to revoke this token" }, statusCode: 403);
        }

        grants.Revoke(body["token"]);
        return Results.Json(new JsonObject());
    }

    private JsonObject UserInfo(ScenarioAccount account)
    {
        var json = federation.ToJson(account, instance, instance);
        return new JsonObject
        {
            ["iss"] = instance.Address.AbsoluteUri,
            ["sub"] = json["uri"]!.GetValue<string>(),
            ["name"] = json["display_name"]!.GetValue<string>(),
            ["preferred_username"] = account.Name,
            ["profile"] = json["url"]!.GetValue<string>(),
            ["picture"] = json["avatar"]!.GetValue<string>(),
        };
    }

    private ScenarioAccount? Account(HttpRequest request) => scenario.Accounts.FirstOrDefault(account => account.Name == grants.AccountOf(request));

    private App? Find(string? client)
    {
        lock (_lock)
        {
            return client is null ? null : _apps.GetValueOrDefault(client);
        }
    }

    private static IResult Invalid(string error, int status = 400) =>
        Results.Json(new JsonObject { ["error"] = error.Split(':')[0], ["error_description"] = error }, statusCode: status);

    private sealed record App(string Id, string Secret, string Name, string[] Redirects, string[] Scopes);
}
