import type { HttpHandler } from "./http-handler.ts";

/** Answers by one function, and alone. */
export function givenHandler(answer: HttpHandler["answer"]): HttpHandler {
  return { answer, refused: () => {}, answerHandedOver: () => {}, look: () => {} };
}
