using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace FindMe.Vision;

/// <summary>Says in the OpenAPI document what no signature says: bodies and queries that endpoints read themselves, and answers of two kinds.</summary>
internal static class ApiDescription
{
    private const string Json = "application/json";
    private const string Form = "multipart/form-data";
    private const string Csv = "text/csv";

    public static void AddApiDescription(this IServiceCollection services)
    {
        services.AddOpenApi();
        services.AddSingleton<ApiExamples>();

        // Otherwise the document says of every number that it may be a text as well.
        services.ConfigureHttpJsonOptions(json => json.SerializerOptions.NumberHandling = JsonNumberHandling.Strict);
    }

    /// <summary>Takes one picture: in JSON, as a file of a form, or as the body itself.</summary>
    public static RouteHandlerBuilder TakesImage(this RouteHandlerBuilder endpoint) => endpoint.Takes(() => new()
    {
        [Json] = Members(["image"], ("image", Text("The picture in base64, or a data: URL."))),
        [Form] = Members(["image"], ("image", File("The picture."))),
        ["image/*"] = File("The picture."),
        ["application/octet-stream"] = File("The picture."),
    }).WithExample(async examples => new JsonObject { ["image"] = await examples.PictureAsync() });

    /// <summary>Takes face vectors, a background if wanted, and pictures.</summary>
    public static RouteHandlerBuilder TakesVectorsAndImages(this RouteHandlerBuilder endpoint)
    {
        const string vectors = "The person's vectors, as POST /faces/train answered them";
        const string background = "Vectors of many other people. With them the nearest neighbours decide, without them a threshold";
        return endpoint.Takes(() =>
        {
            var json = Members(
                ["vectors"],
                ("recipe", Text("What made the rows, as POST /faces/train answered it. CSV says it itself.")),
                ("vectors", RowsOrCsv($"{vectors}: rows, or CSV.")),
                ("background", RowsOrCsv($"{background}: rows of the same recipe, or CSV.")),
                ("image", Text("One picture in base64, or a data: URL.")),
                ("images", ManyOf(Text("A picture in base64, or a data: URL."), "Or several: then the answer is a list.")));
            json.OneOf = [Members(["image"]), Members(["images"])];
            return new()
            {
                [Json] = json,
                [Form] = Members(
                    ["vectors", "image"],
                    ("vectors", File($"{vectors}: CSV, as a file or a text.")),
                    ("background", File($"{background}: CSV, as a file or a text.")),
                    ("image", ManyOf(File("A picture."), "One picture, or several: then the answer is a list."))),
            };
        }).WithExample(examples => examples.RecognizeAsync());
    }

    /// <summary>Takes a JSON object of texts, all of which must be there.</summary>
    public static RouteHandlerBuilder TakesTexts(this RouteHandlerBuilder endpoint, params (string Name, string Description)[] texts) =>
        endpoint.Takes(() => new()
        {
            [Json] = Members([.. texts.Select(text => text.Name)], [.. texts.Select(text => (text.Name, Text(text.Description)))]),
        });

    /// <summary>Gives the JSON body an example that works as it is.</summary>
    /// <param name="endpoint">The endpoint, whose bodies are described already.</param>
    /// <param name="find">Finds the example; null: there is none.</param>
    public static RouteHandlerBuilder WithExample(this RouteHandlerBuilder endpoint, Func<ApiExamples, Task<JsonNode?>> find) =>
        endpoint.AddOpenApiOperationTransformer(async (operation, context, _) =>
            operation.RequestBody!.Content![Json].Example = await find(context.ApplicationServices.GetRequiredService<ApiExamples>()));

    /// <summary>Takes numbers in the query.</summary>
    public static RouteHandlerBuilder TakesNumbers(this RouteHandlerBuilder endpoint, params QueryNumber[] numbers) =>
        endpoint.AddOpenApiOperationTransformer((operation, _, _) =>
        {
            operation.Parameters = [.. operation.Parameters ?? [], .. numbers.Select(number => number.Describe())];
            return Task.CompletedTask;
        });

    /// <summary>Answers with one object or with another.</summary>
    public static RouteHandlerBuilder Answers<TOne, TOther>(this RouteHandlerBuilder endpoint) =>
        endpoint.Produces<TOne>().AddOpenApiOperationTransformer(async (operation, context, cancellationToken) =>
            ContentOf(operation)[Json] = new OpenApiMediaType
            {
                Schema = new OpenApiSchema { OneOf = [await ReferAsync<TOne>(context, cancellationToken), await ReferAsync<TOther>(context, cancellationToken)] },
            });

    /// <summary>Answers with CSV instead where the request accepts it.</summary>
    public static RouteHandlerBuilder AnswersCsv(this RouteHandlerBuilder endpoint, string description) =>
        endpoint.AddOpenApiOperationTransformer((operation, _, _) =>
        {
            ContentOf(operation)[Csv] = new OpenApiMediaType { Schema = Text(description) };
            return Task.CompletedTask;
        });

    /// <summary>Fails as whatever takes pictures can.</summary>
    public static RouteHandlerBuilder FailsAsPictures(this RouteHandlerBuilder endpoint) =>
        endpoint.ProducesProblem(400).ProducesProblem(413).ProducesProblem(415).ProducesProblem(422).ProducesProblem(503);

    // Not as metadata of Accepts, by which the router would refuse what is of no such type before it can be told why.
    private static RouteHandlerBuilder Takes(this RouteHandlerBuilder endpoint, Func<Dictionary<string, OpenApiSchema>> bodies) =>
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
