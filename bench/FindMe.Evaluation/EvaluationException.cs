namespace FindMe.Evaluation;

/// <summary>The evaluation cannot go on; the message is one line that names the file and says what is wrong with it.</summary>
internal sealed class EvaluationException(string message) : Exception(message);
