using System.Text.Json;
using FindMe.Faces;
using FindMe.Onnx;

namespace FindMe.Recognition;

/// <summary>Writes embedding and head as one ONNX model, to be run where FindMe is not: in a browser, on a phone.</summary>
/// <remarks>
/// Input <c>chip</c> [N, 3, side, side]: red, green, blue, 0 to 255, the face aligned as the recipe says. Outputs <c>embedding</c> [N, length],
/// <c>distances</c> [N, people] from the middle of each person's faces, and <c>probabilities</c> [N, people + 1], strangers last; a face is
/// somebody's with half or more. The names stand in the model's metadata under <c>people</c>, as JSON. Only operators are added that mean
/// the same in every version of ONNX from 9 on, since the recipe's model may be of any.
/// </remarks>
public static class PeopleExport
{
    private const int ModelGraph = 7;
    private const int ModelMetadata = 14;
    private const int GraphInitializer = 5;
    private const int GraphInput = 11;
    private const int GraphOutput = 12;
    private const int GraphValueInfo = 13;

    // Smaller weights than this are not worth a scale for each of their rows.
    private const int LeastQuantized = 1_024;

    /// <summary>Name of the input.</summary>
    public const string Input = "chip";

    /// <summary>Name of the output of probabilities.</summary>
    public const string Probabilities = "probabilities";

    private const string PeopleKey = "people";
    private const string RecipeKey = "recipe";

    /// <summary>Writes the model.</summary>
    /// <param name="model">The people.</param>
    /// <param name="engine">An engine of the recipe that the people were learnt with.</param>
    /// <param name="eightBit">
    /// Whether the weights of the embedding are stored in 8 bits, each row of a filter with its own scale: a quarter of the size. They are
    /// computed with as floats.
    /// </param>
    /// <exception cref="PeopleException">The engine has another recipe, or its model takes only one picture at a time.</exception>
    /// <exception cref="ModelException">The recipe's model is not there any more.</exception>
    public static byte[] ToOnnx(PeopleModel model, FaceEngine engine, bool eightBit)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(engine);
        if (model.Recipe != engine.Recipe)
        {
            throw new PeopleException($"The people were learnt with {model.Recipe}, this engine is {engine.Recipe}: set the recipe that was used, or train again.");
        }

        var recipe = engine.RecognitionRecipe;
        if (recipe.Mirror && !engine.Recognition.SupportsBatches)
        {
            throw new PeopleException($"{recipe.Model.File} takes one face at a time, and its recipe wants two: it cannot be exported as one model.");
        }

        var path = Path.Combine(ModelFolder.Find(engine.Options.ModelsPath), recipe.Model.File);
        var backbone = File.Exists(path) ? File.ReadAllBytes(path) : throw new ModelException($"The model {path} is missing: {ModelFile.HowToRebuild}.");
        var result = new ProtobufWriter();
        foreach (var field in ProtobufField.Read(backbone))
        {
            if (field.Number == ModelGraph)
            {
                result.Message(ModelGraph, WriteGraph(field.Bytes, model, recipe, eightBit));
            }
            else if (field.Number != ModelMetadata)
            {
                result.Copy(field);
            }
        }

        WriteMetadata(result, PeopleKey, JsonSerializer.Serialize([.. model.People, PeopleFolder.Unknown], ExportJson.Default.StringArray));
        WriteMetadata(result, RecipeKey, model.Recipe);
        return result.ToArray();
    }

    /// <summary>Says whom an exported model names, and what it was made of.</summary>
    /// <param name="model">The bytes that <see cref="ToOnnx"/> wrote.</param>
    /// <returns>The names in the order of the probabilities, strangers last, and the recipe.</returns>
    /// <exception cref="PeopleException">They are no such model.</exception>
    public static (IReadOnlyList<string> People, string Recipe) ReadMetadata(ReadOnlyMemory<byte> model)
    {
        try
        {
            var entries = ProtobufField.Read(model)
                .Where(field => field.Number == ModelMetadata)
                .Select(field => ProtobufField.Read(field.Bytes).ToDictionary(part => part.Number, part => part.Text))
                .ToDictionary(entry => entry[1], entry => entry[2]);
            return (JsonSerializer.Deserialize(entries[PeopleKey], ExportJson.Default.StringArray) ?? throw new JsonException("no names"), entries[RecipeKey]);
        }
        catch (Exception exception) when (exception is InvalidDataException or KeyNotFoundException or ArgumentException or JsonException)
        {
            throw new PeopleException("It is no model that findme people train --edge or --onnx wrote.", exception);
        }
    }

    private static void WriteMetadata(ProtobufWriter model, string key, string value)
    {
        var entry = new ProtobufWriter();
        entry.Text(1, key);
        entry.Text(2, value);
        model.Message(ModelMetadata, entry);
    }

    private static ProtobufWriter WriteGraph(ReadOnlyMemory<byte> backbone, PeopleModel model, RecognitionRecipe recipe, bool eightBit)
    {
        var before = new OnnxGraph("people", "chip/");
        Normalize(before, recipe);
        var after = new OnnxGraph("people", "people/");
        Decide(after, model, recipe);
        var (weights, expansions, rest) = (new ProtobufWriter(), new ProtobufWriter(), new ProtobufWriter());
        foreach (var field in ProtobufField.Read(backbone))
        {
            switch (field.Number)
            {
                case GraphInput or GraphOutput or GraphValueInfo:
                    break;
                case GraphInitializer when eightBit && OnnxTensor.Read(field.Bytes) is { Type: OnnxTensor.FloatType, Shape.Length: >= 2 } tensor
                    && tensor.Data.Length >= LeastQuantized * sizeof(float):
                    Quantize(tensor, weights, expansions);
                    break;
                default:
                    rest.Copy(field);
                    break;
            }
        }

        // Nodes stand in the order in which they are computed.
        var graph = new ProtobufWriter();
        graph.Append(before.Nodes);
        graph.Append(expansions);
        graph.Append(rest);
        graph.Append(after.Nodes);
        graph.Append(before.Initializers);
        graph.Append(weights);
        graph.Append(after.Initializers);
        graph.Append(before.Inputs);
        graph.Append(after.Outputs);
        return graph;
    }

    // value ≈ byte × scale of its row; ONNX Runtime computes it once, when the model is loaded.
    private static void Quantize(OnnxTensor tensor, ProtobufWriter weights, ProtobufWriter expansions)
    {
        var values = tensor.Floats();
        var rows = tensor.Shape[0];
        var length = values.Length / rows;
        var bytes = new sbyte[values.Length];
        var scales = new float[rows];
        for (var row = 0; row < rows; row++)
        {
            var part = values.AsSpan(row * length, length);
            var largest = 0f;
            foreach (var value in part)
            {
                largest = Math.Max(largest, Math.Abs(value));
            }

            scales[row] = largest / sbyte.MaxValue;
            for (var i = 0; i < part.Length && largest > 0; i++)
            {
                bytes[(row * length) + i] = (sbyte)MathF.Round(part[i] / scales[row]);
            }
        }

        var graph = new OnnxGraph("people", $"{tensor.Name}/");
        var stored = graph.SignedBytes(bytes, tensor.Shape);
        var scale = graph.Floats(scales, [rows, .. Enumerable.Repeat(1, tensor.Shape.Length - 1)]);
        graph.NamedNode(tensor.Name, "Mul", [graph.Node("Cast", [stored], ("to", OnnxTensor.FloatType)), scale]);
        weights.Append(graph.Initializers);
        expansions.Append(graph.Nodes);
    }

    /// <summary>Red, green, blue, 0 to 255 → what the recipe's model wants, with the mirror image behind if the recipe says so.</summary>
    private static void Normalize(OnnxGraph graph, RecognitionRecipe recipe)
    {
        var side = recipe.Input.Side;
        var x = graph.Input(Input, -1, Picture.Bands, side, side);
        if (recipe.Input.Channels == ChannelOrder.Bgr)
        {
            x = graph.Node("Gather", [x, graph.Longs(2, 1, 0)], ("axis", 1));
        }

        x = graph.Node("Sub", [x, graph.Floats(recipe.Input.Mean, Picture.Bands, 1, 1)]);
        x = graph.Node("Mul", [x, graph.Floats([1 / recipe.Input.Divisor], 1)]);
        if (!recipe.Mirror)
        {
            graph.NamedNode(recipe.Input.Name, "Identity", [x]);
            return;
        }

        var mirrored = graph.Node("Gather", [x, graph.Longs([.. Enumerable.Range(0, side).Reverse().Select(column => (long)column)])], ("axis", 3));
        graph.NamedNode(recipe.Input.Name, "Concat", [x, mirrored], ("axis", 0));
    }

    /// <summary>The model's output → embedding, distances and probabilities, as <see cref="PeopleModel.Name"/> has them.</summary>
    private static void Decide(OnnxGraph graph, PeopleModel model, RecognitionRecipe recipe)
    {
        var (length, people) = (recipe.Output.Length, model.People.Count);
        var mean = recipe.Output.Name;
        if (recipe.Mirror)
        {
            var pairs = graph.Node("Reshape", [mean, graph.Longs(2, -1)]);
            mean = graph.Node("Reshape", [graph.Node("MatMul", [graph.Floats([0.5f, 0.5f], 1, 2), pairs]), graph.Longs(-1, length)]);
        }

        var embedding = recipe.Metric == EmbeddingMetric.Cosine
            ? graph.NamedNode("embedding", "Div", [mean, graph.Node("Sqrt", [SquaredNorm(mean)])])
            : graph.NamedNode("embedding", "Identity", [mean]);

        // |e − c|² = |e|² + |c|² − 2e·c.
        var doubled = new float[length * people];
        var norms = new float[people];
        for (var person = 0; person < people; person++)
        {
            for (var i = 0; i < length; i++)
            {
                doubled[(i * people) + person] = -2 * model.Centroids[person][i];
                norms[person] += model.Centroids[person][i] * model.Centroids[person][i];
            }
        }

        var products = graph.Node("Gemm", [embedding, graph.Floats(doubled, length, people), graph.Floats(norms, people)]);
        var squares = graph.Node("Max", [graph.Node("Add", [SquaredNorm(embedding), products]), graph.Floats([0f], 1)]);
        var distances = graph.NamedNode("distances", "Sqrt", [squares]);

        var head = model.Head;
        var scores = graph.Node(
            "Gemm", [embedding, graph.Floats(head.Weights, head.Classes, length), graph.Floats(head.Biases, head.Classes)], ("transB", 1));
        var shares = graph.Node("Softmax", [scores], ("axis", 1));
        if (model.KnowsStrangers)
        {
            shares = graph.Node("Gather", [shares, graph.Longs([.. Enumerable.Range(0, people).Select(person => (long)person)])], ("axis", 1));
        }

        var nearness = graph.Node(
            "Sigmoid", [graph.Node("Mul", [graph.Node("Sub", [graph.Floats([.. model.Midpoints], people), distances]), graph.Floats([model.Steepness], 1)])]);
        var named = graph.Node("Min", [shares, nearness]);
        var sum = graph.Node("MatMul", [named, graph.Floats(Enumerable.Repeat(1f, people).ToArray(), people, 1)]);
        graph.NamedNode(Probabilities, "Concat", [named, graph.Node("Sub", [graph.Floats([1f], 1), sum])], ("axis", 1));
        graph.Output("embedding", -1, length);
        graph.Output("distances", -1, people);
        graph.Output(Probabilities, -1, people + 1);

        string SquaredNorm(string x) =>
            graph.Node("MatMul", [graph.Node("Mul", [x, x]), graph.Floats(Enumerable.Repeat(1f, length).ToArray(), length, 1)]);
    }
}

[System.Text.Json.Serialization.JsonSerializable(typeof(string[]))]
internal sealed partial class ExportJson : System.Text.Json.Serialization.JsonSerializerContext;
