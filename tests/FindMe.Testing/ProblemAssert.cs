using System.Text.Json.Nodes;

namespace FindMe.Testing;

/// <summary>Asserts problem responses (RFC 9457).</summary>
internal static class ProblemAssert
{
    /// <summary>Asserts that a response is a problem with a title and detail for users.</summary>
    public static async Task<JsonNode> IsAsync(HttpResponseMessage answer, int status, string type)
    {
        var body = await answer.Content.ReadAsStringAsync();
        Assert.True((int)answer.StatusCode == status, $"{(int)answer.StatusCode} {body}");
        Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
        var problem = JsonNode.Parse(body)!;
        Assert.Equal(type, problem["type"]!.GetValue<string>());
        Assert.NotEmpty(problem["title"]!.GetValue<string>());
        Assert.NotEmpty(problem["detail"]!.GetValue<string>());
        return problem;
    }
}
