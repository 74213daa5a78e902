using System.Text;
using System.Text.Json.Nodes;
using FindMe.DemoNetworks.Media;
using FindMe.DemoNetworks.Authentication;

namespace FindMe.DemoNetworks.X;

/// <summary>X's sign-in: OAuth 2.0 with PKCE, for public and confidential clients. Refresh tokens are single-use.</summary>
/// <remarks>Implements docs.x.com: resources/fundamentals/authentication/oauth-2-0.</remarks>
internal sealed class XSignIn(Scenario scenario, Grants grants, MediaHost media)
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(7200);

    public void Map(WebApplication app)
    {
        app.MapGet("/i/oauth2/authorize", (HttpRequest request) => ProblemOf(request.Query) is { } problem
            ? Invalid(problem)
            : ConsentPage.Show("X", "FindMe", request.Query["scope"].ToString(), scenario.Accounts)).Named("authorize");
        app.MapPost("/i/oauth2/authorize", (Delegate)AnswerAsync).Named("authorize");
        app.MapPost("/2/oauth2/token", TokenAsync).Named("token");
        app.MapPost("/2/oauth2/revoke", RevokeAsync).Named("revoke");
        app.MapGet("/2/users/me", (HttpRequest request) => Me(request)).Named("me");
    }

    private Task<IResult> AnswerAsync(HttpContext context) => ProblemOf(context.Request.Query) is { } problem
        ? Task.FromResult(Invalid(problem))
        : ConsentPage.AnswerAsync(context, grants);

    private async Task<IResult> TokenAsync(HttpRequest request)
    {
        var form = await request.ReadFormAsync();
        if (ClientOf(request, form) is not { } client)
        {
            return Results.Json(new JsonObject { ["error"] = "unauthorized_client", ["error_description"] = "Missing valid authorization header" }, statusCode: 401);
        }

        if (form["grant_type"] == "refresh_token")
        {
            return grants.Refresh(form["refresh_token"], Lifetime) is var (access, refresh, _, scope)
                ? Tokens(access, refresh, scope)
                : Invalid("invalid_request: Value passed for the token was invalid.");
        }

        if (form["grant_type"] != "authorization_code" || grants.Redeem(form["code"], client, form["redirect_uri"], form["code_verifier"]) is not var (account, granted))
        {
            return Invalid("invalid_request: Value passed for the authorization code was invalid.");
        }

        var (first, next) = grants.NewTokens(account, granted, Lifetime);
        return Tokens(first, next, granted);
    }

    private async Task<IResult> RevokeAsync(HttpRequest request)
    {
        var form = await request.ReadFormAsync();
        if (ClientOf(request, form) is null)
        {
            return Invalid("unauthorized_client");
        }

        grants.Revoke(form["token"]);
        return Results.Json(new JsonObject { ["revoked"] = true });
    }

    private IResult Me(HttpRequest request)
    {
        if (scenario.Accounts.FirstOrDefault(account => account.Name == grants.AccountOf(request)) is not { } account)
        {
            return Results.Json(XApi.Unauthorized, statusCode: 401);
        }

        var json = new JsonObject
        {
            ["id"] = XPosts.UserId(scenario, account),
            ["name"] = char.ToUpperInvariant(account.Name[0]) + account.Name[1..],
            ["username"] = account.Name,
        };
        var fields = request.Query["user.fields"].ToString().Split(',');
        if (fields.Contains("profile_image_url"))
        {
            json["profile_image_url"] = XPosts.AvatarOf(account, media);
        }

        if (fields.Contains("created_at"))
        {
            json["created_at"] = "2013-12-14T04:35:55.000Z";
        }

        return Results.Json(new JsonObject { ["data"] = json });
    }

    // A confidential client authenticates with Basic, a public one sends its id in the form.
    private string? ClientOf(HttpRequest request, IFormCollection form)
    {
        var expected = scenario.X;
        if (expected.ClientSecret is null)
        {
            return form["client_id"] == expected.ClientId ? expected.ClientId : null;
        }

        var header = "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes($"{Uri.EscapeDataString(expected.ClientId)}:{Uri.EscapeDataString(expected.ClientSecret)}"));
        return request.Headers.Authorization == header ? expected.ClientId : null;
    }

    private string? ProblemOf(IQueryCollection query) =>
        query["client_id"] != scenario.X.ClientId ? "invalid_client"
        : !Uri.TryCreate(query["redirect_uri"], UriKind.Absolute, out _) ? "invalid_redirect_uri"
        : query["state"].ToString().Length == 0 ? "invalid_request: state is required"
        : ConsentPage.ProblemOf(query);

    private static IResult Tokens(string access, string refresh, string scope)
    {
        var json = new JsonObject { ["token_type"] = "bearer", ["expires_in"] = (int)Lifetime.TotalSeconds, ["access_token"] = access, ["scope"] = scope };
        if (scope.Contains("offline.access", StringComparison.Ordinal))
        {
            json["refresh_token"] = refresh;
        }

        return Results.Json(json);
    }

    private static IResult Invalid(string problem) =>
        Results.Json(new JsonObject { ["error"] = problem.Split(':')[0], ["error_description"] = problem[(problem.IndexOf(':') + 1)..].Trim() }, statusCode: 400);
}
