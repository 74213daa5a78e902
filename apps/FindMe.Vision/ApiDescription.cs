using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace FindMe.Vision;

/// <summary>Adds to the OpenAPI document what signatures do not show: bodies and queries that endpoints read themselves, and alternative responses.</summary>
internal static class ApiDescription
{
    private const string Json = "application/json";
    private const string Form = "multipart/form-data";
    private const string Csv = "text/csv";

    public static void AddApiDescription(this IServiceCollection services)
    {
        services.AddOpenApi();
        services.AddSingleton<ApiExamples>();

        // Without it the document allows a string in place of every number.
        services.ConfigureHttpJsonOptions(json => json.SerializerOptions.NumberHandling = JsonNumberHandling.Strict);
    }

    /// <summary>Documents a body with one picture: in JSON, as a file of a form, or as the body itself.</summary>
    public static RouteHandlerBuilder AcceptsImage(this RouteHandlerBuilder endpoint) => endpoint.AcceptsBody(() => new()
    {
        [Json] = Members(["image"], ("image", Text("The picture in base64, or a data: URL."))),
        [Form] = Members(["image"], ("image", File("The picture."))),
        ["image/*"] = File("The picture."),
        ["application/octet-stream"] = File("The picture."),
    }).WithExample(async examples => new JsonObject { ["image"] = await examples.PictureAsync() });

    /// <summary>Documents a body with face vectors, an optional background, and pictures.</summary>
    public static RouteHandlerBuilder AcceptsVectorsAndImages(this RouteHandlerBuilder endpoint)
    {
        const string vectors = "The person's vectors, as returned by POST /faces/train";
        const string background = "Vectors of many other people. If given, the nearest neighbours decide, else a threshold";
        return endpoint.AcceptsBody(() =>
        {
            var json = Members(
                ["vectors"],
                ("recipe", Text("The recipe of the rows, as returned by POST /faces/train. Omit it for CSV, which contains it.")),
                ("vectors", RowsOrCsv($"{vectors}: rows, or CSV.")),
                ("background", RowsOrCsv($"{background}: rows of the same recipe, or CSV.")),
                ("image", Text("One picture in base64, or a data: URL.")),
                ("images", ManyOf(Text("A picture in base64, or a data: URL."), "Several pictures: the response is then a list.")));
            json.OneOf = [Members(["image"]), Members(["images"])];
            return new()
            {
                [Json] = json,
                [Form] = Members(
                    ["vectors", "image"],
                    ("vectors", File($"{vectors}: CSV, as a file or a text field.")),
                    ("background", File($"{background}: CSV, as a file or a text field.")),
                    ("image", ManyOf(File("A picture."), "One picture, or several: the response is then a list."))),
            };
        }).WithExample(examples => examples.RecognizeAsync());
    }

    /// <summary>Documents a JSON object of required texts.</summary>
    public static RouteHandlerBuilder AcceptsTexts(this RouteHandlerBuilder endpoint, params (string Name, string Description)[] texts) =>
        endpoint.AcceptsBody(() => new()
        {
            [Json] = Members([.. texts.Select(text => text.Name)], [.. texts.Select(text => (text.Name, Text(text.Description)))]),
        });

    /// <summary>Adds a working example to the documentation of the JSON body.</summary>
    /// <param name="endpoint">The endpoint; its bodies must be documented already.</param>
    /// <param name="find">Returns the example; null if there is none.</param>
    public static RouteHandlerBuilder WithExample(this RouteHandlerBuilder endpoint, Func<ApiExamples, Task<JsonNode?>> find) =>
        endpoint.AddOpenApiOperationTransformer(async (operation, context, _) =>
            operation.RequestBody!.Content![Json].Example = await find(context.ApplicationServices.GetRequiredService<ApiExamples>()));

    /// <summary>Documents numbers in the query.</summary>
    public static RouteHandlerBuilder AcceptsNumbers(this RouteHandlerBuilder endpoint, params QueryNumber[] numbers) =>
        endpoint.AddOpenApiOperationTransformer((operation, _, _) =>
        {
            operation.Parameters = [.. operation.Parameters ?? [], .. numbers.Select(number => number.Describe())];
            return Task.CompletedTask;
        });

    /// <summary>Documents a response of one of two types.</summary>
    public static RouteHandlerBuilder Returns<TOne, TOther>(this RouteHandlerBuilder endpoint) =>
        endpoint.Produces<TOne>().AddOpenApiOperationTransformer(async (operation, context, cancellationToken) =>
            ContentOf(operation)[Json] = new OpenApiMediaType
            {
                Schema = new OpenApiSchema { OneOf = [await ReferAsync<TOne>(context, cancellationToken), await ReferAsync<TOther>(context, cancellationToken)] },
            });

    /// <summary>Documents the CSV response to requests that accept it.</summary>
    public static RouteHandlerBuilder ReturnsCsv(this RouteHandlerBuilder endpoint, string description) =>
        endpoint.AddOpenApiOperationTransformer((operation, _, _) =>
        {
            ContentOf(operation)[Csv] = new OpenApiMediaType { Schema = Text(description) };
            return Task.CompletedTask;
        });

    /// <summary>Documents the errors of endpoints that accept pictures.</summary>
    public static RouteHandlerBuilder ReturnsPictureProblems(this RouteHandlerBuilder endpoint) =>
        endpoint.ProducesProblem(400).ProducesProblem(413).ProducesProblem(415).ProducesProblem(422).ProducesProblem(503);

    // Not as Accepts metadata, with which the router would reject other types without a problem of ours.
    private static RouteHandlerBuilder AcceptsBody(this RouteHandlerBuilder endpoint, Func<Dictionary<string, OpenApiSchema>> bodies) =>
        endpoint.AddOpenApiOperationTransformer((operation, _, _) =>
        {
            var content = bodies().ToDictionary(body => body.Key, body => new OpenApiMediaType { Schema = body.Value });
            operation.RequestBody = new OpenApiRequestBody { Required = true, Content = content };
            return Task.CompletedTask;
        });

    private static IDictionary<string, OpenApiMediaType> ContentOf(OpenApiOperation operation) => operation.Responses!["200"].Content!;

    private static async Task<OpenApiSchemaReference> ReferAsync<T>(OpenApiOperationTransformerContext context, CancellationToken cancellationToken)
    {
        var schema = await context.GetOrCreateSchemaAsync(typeof(T), cancellationToken: cancellationToken);
        context.Document!.AddComponent(typeof(T).Name, schema);
        return new OpenApiSchemaReference(typeof(T).Name, context.Document);
    }

    private static OpenApiSchema Members(string[] required, params (string Name, OpenApiSchema Schema)[] members) => new()
    {
        Type = JsonSchemaType.Object,
        Required = new HashSet<string>(required),
        Properties = members.ToDictionary(member => member.Name, member => (IOpenApiSchema)member.Schema),
    };

    private static OpenApiSchema Text(string description) => new() { Type = JsonSchemaType.String, Description = description };

    private static OpenApiSchema File(string description) => new() { Type = JsonSchemaType.String, Format = "binary", Description = description };

    private static OpenApiSchema ManyOf(OpenApiSchema items, string description) => new() { Type = JsonSchemaType.Array, Items = items, Description = description };

    private static OpenApiSchema RowsOrCsv(string description) => new()
    {
        OneOf =
        [
            new OpenApiSchema { Type = JsonSchemaType.Array, Items = new OpenApiSchema { Type = JsonSchemaType.Array, Items = new OpenApiSchema { Type = JsonSchemaType.Number } } },
            new OpenApiSchema { Type = JsonSchemaType.String },
        ],
        Description = description,
    };
}
